package org.bonepeft.peft;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import org.bonepeft.adapter.Lora;
import org.bonepeft.tensor.HalfFloats;
import org.bonepeft.tensor.Shape;
import org.junit.jupiter.api.Test;

class BaseFitTest {
    private static final String HEAD = "lm_head.weight";
    private static final Shape SHAPE = Shape.of(12, 16);
    private static final AdapterTensor WEIGHT = Samples.random(SHAPE, new SplittableRandom(3));

    private static List<String> problems(AdapterTensor given, Map<String, AdapterTensor> model) {
        PeftConfig config = PeftConfig.of(new Lora(2, 2), Targets.of("lm_head"));
        Map<String, BaseWeight> weights = new LinkedHashMap<>();
        model.forEach((name, tensor) -> weights.put(
                name,
                new BaseWeight(
                        tensor.shape(),
                        (from, count) -> Arrays.copyOfRange(tensor.values(), (int) from, (int) from + count))));
        return new PeftAdapter(config, Map.of(), Map.of(), Map.of(HEAD, given)).problemsWithBase(weights);
    }

    private interface Rounding {
        float of(float value);
    }

    private static AdapterTensor rounded(Rounding rounding) {
        float[] values = WEIGHT.values().clone();
        for (int i = 0; i < values.length; i++) {
            values[i] = rounding.of(values[i]);
        }
        return new AdapterTensor(SHAPE, values);
    }

    private static float bf16(float value) {
        return HalfFloats.fromBF16(HalfFloats.toBF16(value));
    }

    private static float f16(float value) {
        return HalfFloats.fromF16(HalfFloats.toF16(value));
    }

    @Test
    void sameNumbers_fit() {
        assertThat(problems(WEIGHT, Map.of(HEAD, WEIGHT))).isEmpty();
    }

    @Test
    void numbersRoundedOnOneSide_fit() {
        for (AdapterTensor half : List.of(rounded(BaseFitTest::bf16), rounded(BaseFitTest::f16))) {
            assertThat(problems(half, Map.of(HEAD, WEIGHT))).isEmpty();
            assertThat(problems(WEIGHT, Map.of(HEAD, half))).isEmpty();
        }
    }

    @Test
    void numbersRoundedToTwoTypes_doNotFit() {
        assertThat(problems(rounded(BaseFitTest::bf16), Map.of(HEAD, rounded(value -> f16(value) + 0x1p-9f))))
                .hasSize(1);
    }

    @Test
    void oneOtherNumber_isNamed() {
        AdapterTensor other = new AdapterTensor(SHAPE, WEIGHT.values().clone());
        other.values()[5 * 16 + 3] = Math.nextUp(other.values()[5 * 16 + 3]);
        assertThat(problems(other, Map.of(HEAD, WEIGHT)))
                .containsExactly("lm_head.weight beside the adapter is not the model's: 1 of 192 elements differ, the"
                        + " first at [5, 3], " + WEIGHT.values()[83] + " in the model, " + other.values()[83]
                        + " beside the adapter; use the base that the adapter was trained on or, if this is the right"
                        + " one, save the adapter again with save_embedding_layers=False");
    }

    @Test
    void otherShape_isNamed() {
        AdapterTensor resized = Samples.random(Shape.of(15, 16), new SplittableRandom(3));
        assertThat(problems(resized, Map.of(HEAD, WEIGHT)))
                .singleElement()
                .asString()
                .startsWith("lm_head.weight is [12, 16] in the model, [15, 16] beside the adapter; use the base that");
    }

    @Test
    void tiedHead_isHeldAgainstTheEmbeddings() {
        assertThat(problems(WEIGHT, Map.of("model.embed_tokens.weight", WEIGHT)))
                .isEmpty();
        assertThat(problems(rounded(value -> -value), Map.of("model.embed_tokens.weight", WEIGHT)))
                .singleElement()
                .asString()
                .contains("192 of 192 elements differ");
    }

    @Test
    void weightThatTheModelLacks_isNamed() {
        assertThat(problems(WEIGHT, Map.of("head.weight", WEIGHT)))
                .containsExactly(
                        "the adapter's files hold lm_head.weight of the base, which the model does not have; of"
                                + " 1 names the nearest are 'head.weight'");
    }
}
