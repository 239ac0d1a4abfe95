package org.bonepeft.adapter;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.junit.jupiter.api.DynamicTest.dynamicTest;

import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.bonepeft.BoneException;
import org.bonepeft.reference.DoubleTensor;
import org.bonepeft.reference.ReferenceBackend;
import org.bonepeft.tensor.Shape;
import org.bonepeft.testkit.Reference;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestFactory;

/** What does not fit is refused with what was given, what was expected, and what would do. */
class MethodErrorsTest {
    private static final LayerSpec LAYER = Layers.layer(768, 3072);
    private static final String WHERE = "model.layers.3.mlp.gate_proj (in 768, out 3072): ";

    private record Case(String message, org.assertj.core.api.ThrowableAssert.ThrowingCallable call) {}

    @TestFactory
    Stream<DynamicTest> refused() {
        return Stream.of(
                        new Case(WHERE + "Bat needs the block size 50 to divide both; 48 or 64 would", () -> new Bat(50)
                                .check(LAYER)),
                        new Case(
                                WHERE + "Hadamard needs the block size 512 to divide both; 384 or 768 would",
                                () -> new Hadamard(512).check(LAYER)),
                        new Case(
                                WHERE + "Unconstrained needs the block size 1000 to divide both; 768 would",
                                () -> new Unconstrained(1000).check(LAYER)),
                        new Case(
                                WHERE + "MiSS-mini needs the mini rank 5 to divide the outputs; 4 or 6 would",
                                () -> new MissMini(8, 5).check(LAYER)),
                        new Case(
                                WHERE + "MiSS-mini needs the mini rank 4000 to divide the outputs; 3072 would",
                                () -> new MissMini(8, 4000).check(LAYER)),
                        new Case(
                                WHERE + "Bat has 4 blocks there, too few for 5 groups",
                                () -> new Bat(768, Grouping.GROUP, 5).check(LAYER)),
                        new Case(WHERE + "Bat needs the block size 769 to divide both; 768 would", () -> new Bat(769)
                                .check(LAYER)),
                        new Case("Bone: the rank must be at least 1, not 0", () -> new Bone(0)),
                        new Case("Bat: the rank must be at least 1, not -1", () -> new Bat(-1)),
                        new Case("Hadamard: the rank must be at least 1, not 0", () -> new Hadamard(0)),
                        new Case("Unconstrained: the rank must be at least 1, not 0", () -> new Unconstrained(0)),
                        new Case("LoRA: the rank must be at least 1, not 0", () -> new Lora(0, 1)),
                        new Case("MiSS-mini: the rank must be at least 1, not 0", () -> new MissMini(1, 0)),
                        new Case("MiSS-mini: the rank must be at least 1, not 0", () -> new MissMini(0, 1)),
                        new Case(
                                "Bone: a dropout rate is at least 0 and less than 1, not 1.0",
                                () -> new Bone(1, Grouping.COL, 1, false)),
                        new Case(
                                "MiSS-mini: a dropout rate is at least 0 and less than 1, not -0.1",
                                () -> new MissMini(1, 1, -0.1)),
                        new Case(
                                "LoRA: a dropout rate is at least 0 and less than 1, not NaN",
                                () -> new Lora(1, 1, false, Double.NaN)),
                        new Case(
                                "Bone by rows has no dropout; use col, or rate 0",
                                () -> new Bone(1, Grouping.ROW, 0.1, false)),
                        new Case("Bone shares blocks by col or row, not by group", () -> new Bone(1, Grouping.GROUP)),
                        new Case(
                                "Hadamard shares blocks by col or row, not by group",
                                () -> new Hadamard(1, Grouping.GROUP)),
                        new Case(
                                "Bat: the number of groups is at least 1 for group and 0 for col and row, not 0 for GROUP",
                                () -> new Bat(1, Grouping.GROUP)),
                        new Case(
                                "Bat: the number of groups is at least 1 for group and 0 for col and row, not 2 for ROW",
                                () -> new Bat(1, Grouping.ROW, 2)),
                        new Case(
                                "LoRA: alpha must be a finite number, not Infinity",
                                () -> new Lora(1, Double.POSITIVE_INFINITY)),
                        new Case("LoRA+: the ratio must be positive and finite, not 0.0", () -> new LoraPlus(0)),
                        new Case(
                                "LoRA+: the ratio must be positive and finite, not Infinity",
                                () -> new LoraPlus(Double.POSITIVE_INFINITY)),
                        new Case("PiSSA: the number of iterations is at least 0, not -1", () -> new Pissa(-1)),
                        new Case(
                                "LoRA-GA: gamma must be positive and finite, not Infinity",
                                () -> new LoraGa(LoraGa.Direction.AR_BR, LoraGa.Scale.UNIT, Double.POSITIVE_INFINITY)),
                        new Case(
                                "q: a linear layer needs at least one input and one output, not in 0, out 3",
                                () -> new LayerSpec("q", 0, 3, false)),
                        new Case(
                                "q: a linear layer needs at least one input and one output, not in 3, out 0",
                                () -> new LayerSpec("q", 3, 0, false)),
                        new Case(
                                "lora has no evaluation SPLIT, only [FACTORED, FORMED]",
                                () -> AdapterGraphs.forward(new Lora(1, 1), LAYER, Evaluation.SPLIT, false)),
                        new Case("parameter lora_A is missing, there are only []", () -> new Lora(1, 1)
                                .delta(LAYER, LAYER.weight(), Map.of())),
                        new Case(
                                "no method is named 'bones'; there are " + String.join(", ", AdapterMethods.names()),
                                () -> AdapterMethods.of("bones", new AdapterMethods.Settings(1))),
                        new Case(
                                "bat has no dropout; leave the rate 0, not 0.1",
                                () -> AdapterMethods.of("bat", new AdapterMethods.Settings(1, 1, 0.1, 1, 1))))
                .map(test -> dynamicTest(test.message, () -> assertThatThrownBy(test.call)
                        .isInstanceOf(AdapterException.class)
                        .hasMessage(test.message)));
    }

    @Test
    void everyGraph_checksTheLayer() {
        Bat bat = new Bat(50);
        assertThatThrownBy(() -> AdapterGraphs.forward(bat, LAYER, Evaluation.FORMED, false))
                .hasMessageStartingWith(WHERE);
        assertThatThrownBy(() -> AdapterGraphs.delta(bat, LAYER)).hasMessageStartingWith(WHERE);
        assertThatThrownBy(() -> AdapterGraphs.inverse(bat, LAYER)).hasMessageStartingWith(WHERE);
    }

    @Test
    void inverse_ofASingularAdapter_namesTheLayer() {
        LayerSpec layer = Layers.layer(6, 12);
        for (Grouping grouping : Grouping.values()) {
            Bat bat = new Bat(3, grouping, grouping == Grouping.GROUP ? 2 : 0);
            assertThatThrownBy(() -> invert(bat, layer))
                    .isInstanceOf(BoneException.class)
                    .hasMessage(bat.name() + ".inverse model.layers.3.mlp.gate_proj (in 6, out 12): I + B: "
                            + "a 3 x 3 matrix is singular and has no inverse");
        }
        for (Grouping grouping : List.of(Grouping.COL, Grouping.ROW)) {
            Hadamard hadamard = new Hadamard(3, grouping);
            assertThatThrownBy(() -> invert(hadamard, layer))
                    .hasMessage(hadamard.name() + ".inverse model.layers.3.mlp.gate_proj (in 6, out 12): 1 + B: "
                            + "a 1 x 1 matrix is singular and has no inverse");
        }
    }

    /** The last of all blocks is -I, or all -1. */
    private static void invert(AdapterMethod method, LayerSpec layer) {
        Shape shape = method.parameters(layer).get(0).shape();
        DoubleTensor blocks = Reference.random(shape, 1);
        double[] values = blocks.toArray();
        for (int i = 0; i < 9; i++) {
            values[values.length - 9 + i] = method instanceof Hadamard || i % 4 == 0 ? -1 : 0;
        }
        Map<String, DoubleTensor> inputs = Map.of("merged", Reference.random(Shape.of(12, 6), 2), Bone.BLOCK, blocks);
        AdapterGraphs.inverse(method, layer).orElseThrow().evaluate(new ReferenceBackend(), inputs);
    }

    @Test
    void fitting_isAccepted() {
        for (String name : AdapterMethods.names()) {
            AdapterMethod method = AdapterMethods.of(name, new AdapterMethods.Settings(48));
            method.check(LAYER);
            assertThat(method.name()).isEqualTo(name);
        }
        new Bat(768).check(LAYER);
        new Bat(1).check(LAYER);
        new Bat(256, Grouping.GROUP, 36).check(LAYER);
        new MissMini(5000, 3072).check(LAYER);
        new Bat(1).check(new LayerSpec("q", 1, 1, false));
    }
}
