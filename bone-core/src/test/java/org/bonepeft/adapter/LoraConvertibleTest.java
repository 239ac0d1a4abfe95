package org.bonepeft.adapter;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.bonepeft.reference.DoubleTensor;
import org.bonepeft.reference.ReferenceBackend;
import org.bonepeft.testkit.Reference;
import org.bonepeft.testkit.Tolerance;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

class LoraConvertibleTest {
    static Stream<Arguments> methods() {
        List<LayerSpec> layers = List.of(Layers.layer(12, 8), Layers.layer(7, 8), Layers.layer(3, 4));
        List<LoraConvertible> methods =
                List.of(new Bone(4), new Bone(4, Grouping.ROW), new Bone(5, Grouping.ROW), new MissMini(4, 2));
        return layers.stream().flatMap(layer -> methods.stream().map(method -> Arguments.of(method, layer)));
    }

    @ParameterizedTest
    @MethodSource("methods")
    void toLora_andBack_isExact(LoraConvertible convertible, LayerSpec layer) {
        AdapterMethod method = convertible.method();
        Map<String, DoubleTensor> inputs = Layers.inputs(layer, 3, method);
        Map<String, DoubleTensor> lora =
                new LinkedHashMap<>(convertible.toLora(layer).evaluate(new ReferenceBackend(), inputs));
        assertThat(convertible.toLora().scale()).isEqualTo(1);
        assertThat(Layers.run(AdapterGraphs.delta(convertible.toLora(), layer), lora))
                .isEqualTo(Layers.run(AdapterGraphs.delta(method, layer), inputs));

        Map<String, DoubleTensor> back =
                convertible.fromLora(convertible.toLora(), layer).evaluate(new ReferenceBackend(), lora);
        assertThat(Reference.get(back, LoraConvertible.REST).toArray()).containsOnly(0);
        Map<String, DoubleTensor> again =
                new LinkedHashMap<>(convertible.toLora(layer).evaluate(new ReferenceBackend(), back));
        assertThat(Layers.run(AdapterGraphs.delta(convertible.toLora(), layer), again))
                .isEqualTo(Layers.run(AdapterGraphs.delta(method, layer), inputs));
    }

    @Test
    void toLora_aIsZerosAndOnes() {
        Bone bone = new Bone(2);
        LayerSpec layer = Layers.layer(5, 3);
        Map<String, DoubleTensor> lora =
                bone.toLora(layer).evaluate(new ReferenceBackend(), Layers.inputs(layer, 1, bone));
        assertThat(Reference.get(lora, Lora.A).toArray()).containsExactly(1, 0, 1, 0, 1, 0, 1, 0, 1, 0);
    }

    @Test
    void fromLora_ofAnotherScaleAndRank() {
        Bone bone = new Bone(4);
        LayerSpec layer = Layers.layer(12, 8);
        Lora half = new Lora(4, 2);
        Map<String, DoubleTensor> inputs = Layers.inputs(layer, 3, bone);
        Map<String, DoubleTensor> lora =
                new LinkedHashMap<>(bone.toLora(layer).evaluate(new ReferenceBackend(), inputs));
        Map<String, DoubleTensor> back = bone.fromLora(half, layer).evaluate(new ReferenceBackend(), lora);
        assertThat(Reference.get(back, LoraConvertible.REST).toArray()).containsOnly(0);
        double[] expected = Reference.get(inputs, Bone.BLOCK).toArray().clone();
        for (int i = 0; i < expected.length; i++) {
            expected[i] /= 2;
        }
        Tolerance.FLOAT64.check("half", Reference.get(back, Bone.BLOCK).toArray(), expected);
    }

    @Test
    void fromLora_thatIsNone_hasARest() {
        LayerSpec layer = Layers.layer(12, 8);
        Lora lora = new Lora(4, 4);
        Map<String, DoubleTensor> back =
                new Bone(4).fromLora(lora, layer).evaluate(new ReferenceBackend(), Layers.inputs(layer, 1, lora));
        assertThat(Reference.get(back, LoraConvertible.REST).toArray()).satisfies(rest -> assertThat(
                        java.util.Arrays.stream(rest).map(Math::abs).max().orElseThrow())
                .isGreaterThan(0.1));
    }
}
