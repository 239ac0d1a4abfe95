package org.bonepeft.adapter;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.bonepeft.graph.Cost;
import org.junit.jupiter.api.Test;

/** docs/METHODS.md says what the code says. */
class MethodsDocTest {
    private static final LayerSpec LAYER = new LayerSpec("model.layers.0.self_attn.q_proj", 4096, 4096, false);
    private static final int TOKENS = 512;

    private final List<String> lines;

    MethodsDocTest() throws IOException {
        lines = Files.readAllLines(Path.of(System.getProperty("bone.root", ".."), "docs", "METHODS.md"));
    }

    @Test
    void everyMethod_hasARow() {
        for (String name : AdapterMethods.names()) {
            assertThat(lines).as(name).anyMatch(line -> line.startsWith("| `" + name + "` |"));
        }
    }

    @Test
    void explanation_isWhatTheCodePrints() {
        LayerSpec layer = new LayerSpec("model.layers.0.mlp.up_proj", 1024, 2048, false);
        assertThat(String.join("\n", lines)).contains(AdapterGraphs.explain(new Bat(64), layer, TOKENS, true));
    }

    @Test
    void costs_areWhatTheCodeSays() {
        assertThat(lines).containsSequence(table());
        Cost frozen = Cost.ofTraining(AdapterGraphs.base(LAYER), List.of(LayerSpec.X));
        assertThat(String.join(" ", lines))
                .contains(
                        "the frozen layer alone takes " + amount(frozen.flops().at(TOKENS), "FLOP") + " and "
                                + amount(frozen.allocatedBytes().at(TOKENS), "B") + ".");
    }

    private static List<String> table() {
        List<String> rows = new ArrayList<>();
        rows.add("| method | parameters | evaluation | arithmetic | allocated | kept |");
        rows.add("|---|---|---|---|---|---|");
        for (AdapterMethod method : List.of(
                new Bone(64),
                new Bone(64, Grouping.ROW),
                new MissMini(64, 64),
                new Bat(64),
                new Bat(64, Grouping.ROW),
                new Bat(64, Grouping.GROUP, 64),
                new Hadamard(64),
                new Hadamard(64, Grouping.ROW),
                new Unconstrained(64),
                new Lora(32, 32),
                new Dora(32, 32))) {
            for (Evaluation evaluation : method.evaluations()) {
                Cost cost = AdapterGraphs.cost(method, LAYER, evaluation, true);
                rows.add("| %s | %s | %s | %s | %s | %s |"
                        .formatted(
                                method.name(),
                                amount(method.parameterCount(LAYER), "").strip(),
                                evaluation,
                                amount(cost.flops().at(TOKENS), "FLOP"),
                                amount(cost.allocatedBytes().at(TOKENS), "B"),
                                amount(cost.keptBytes().at(TOKENS), "B")));
            }
        }
        return rows;
    }

    private static String amount(double value, String unit) {
        return Explanation.amount(value, unit);
    }
}
