package org.bonepeft.djl.model.roberta;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import ai.djl.nn.core.Linear;
import java.util.List;
import java.util.Map;
import org.bonepeft.djl.model.LinearShape;
import org.bonepeft.djl.model.ModelBlock;
import org.junit.jupiter.api.Test;

/** The tree of blocks: names, sizes, exchange of children. */
class RobertaBlocksTest {
    private final RobertaForSequenceClassification model = new RobertaForSequenceClassification(Tiny.CONFIG);

    @Test
    void linears_withoutArrays_areThoseOfHuggingFace() {
        assertThat(model.linears())
                .hasSize(2 * 6 + 2)
                .startsWith(new LinearShape("roberta.encoder.layer.0.attention.self.query", 8, 8, true))
                .contains(
                        new LinearShape("roberta.encoder.layer.0.attention.output.dense", 8, 8, true),
                        new LinearShape("roberta.encoder.layer.1.intermediate.dense", 8, 12, true),
                        new LinearShape("roberta.encoder.layer.1.output.dense", 12, 8, true))
                .endsWith(
                        new LinearShape("classifier.dense", 8, 8, true),
                        new LinearShape("classifier.out_proj", 8, 2, true));
        assertThat(model.tensors().values()).noneMatch(parameter -> parameter.isInitialized());
        assertThat(new RobertaForMaskedLm(Tiny.CONFIG).linears())
                .endsWith(new LinearShape("lm_head.dense", 8, 8, true));
    }

    @Test
    void replaceChild_givesTheNewChildTheSamePlace() {
        ModelBlock head = new RobertaClassificationHead(Tiny.CONFIG);
        List<String> before = List.copyOf(head.namedChildren().keySet());
        Linear other = Linear.builder().setUnits(8).optBias(false).build();
        other.prepare(new Shape[] {new Shape(8)});
        head.replaceChild("dense", other);

        assertThat(head.namedChildren()).containsEntry("dense", other);
        assertThat(head.namedChildren().keySet()).containsExactlyElementsOf(before);
        assertThat(head.getChildren().keys()).containsExactly("01dense", "02out_proj");
        assertThat(head.linears()).contains(new LinearShape("dense", 8, 8, false));
        assertThat(head.tensors()).doesNotContainKey("dense.bias");
    }

    @Test
    void replaceChild_unknownName_listsTheNames() {
        assertThatThrownBy(() -> model.replaceChild("lm_head", model.encoder()))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("lm_head")
                .hasMessageContaining("[roberta, classifier]");
    }

    @Test
    void create_sameSeed_sameBits_otherSeed_others() {
        try (NDManager manager = NDManager.newBaseManager()) {
            Map<String, float[]> first = Tiny.values(RobertaForMaskedLm.create(Tiny.CONFIG, manager, 1));
            assertThat(Tiny.values(RobertaForMaskedLm.create(Tiny.CONFIG, manager, 1)))
                    .usingRecursiveComparison()
                    .isEqualTo(first);
            String query = "roberta.encoder.layer.0.attention.self.query.weight";
            assertThat(Tiny.values(RobertaForMaskedLm.create(Tiny.CONFIG, manager, 2))
                            .get(query))
                    .isNotEqualTo(first.get(query));
            assertThat(first.get("roberta.embeddings.LayerNorm.weight")).containsOnly(1);
            assertThat(first.get("lm_head.bias")).containsOnly(0);
        }
    }

    @Test
    void create_putsEveryArrayOnTheDeviceOfTheManager_trainable() {
        try (NDManager manager = NDManager.newBaseManager()) {
            assertThat(RobertaForMaskedLm.create(Tiny.CONFIG, manager, 1)
                            .tensors()
                            .values())
                    .allMatch(parameter -> parameter.getArray().getDevice().equals(manager.getDevice()))
                    .allMatch(parameter -> parameter.getArray().getManager().equals(manager))
                    .allMatch(parameter -> parameter.getArray().hasGradient());
        }
    }
}
