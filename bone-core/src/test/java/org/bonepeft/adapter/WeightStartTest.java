package org.bonepeft.adapter;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.lang.reflect.Proxy;
import java.util.ArrayList;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.bonepeft.graph.Backend;
import org.bonepeft.graph.Decompositions.Svd;
import org.bonepeft.reference.DoubleTensor;
import org.bonepeft.reference.ReferenceBackend;
import org.bonepeft.reference.ReferenceDecompositions;
import org.bonepeft.tensor.DType;
import org.bonepeft.tensor.Shape;
import org.bonepeft.testkit.Reference;
import org.bonepeft.testkit.Tolerance;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

class WeightStartTest {
    private static final int R = 3;

    private final ReferenceBackend backend = new ReferenceBackend();
    private final ReferenceDecompositions decompositions = new ReferenceDecompositions(0);
    private final LayerSpec layer = Layers.layer(10, 12);
    private final DoubleTensor weight = Reference.random(Shape.of(12, 10), 1);
    private final DoubleTensor gradient = Reference.random(Shape.of(12, 10), 2);

    private Map<String, DoubleTensor> start(AdapterMethod method) {
        Map<String, DoubleTensor> values = new LinkedHashMap<>(Layers.drawn(layer, method));
        values.put("weight", weight);
        values.put("gradient", gradient);
        return method.weightStart(layer).orElseThrow().evaluate(backend, decompositions, values);
    }

    private void close(String what, DoubleTensor actual, DoubleTensor expected) {
        assertThat(actual.shape()).isEqualTo(expected.shape());
        Tolerance.FLOAT64.check(what, actual.toArray(), expected.toArray());
    }

    private DoubleTensor scaledProduct(Lora lora, Map<String, DoubleTensor> start) {
        return backend.scale(backend.matMul(Reference.get(start, Lora.B), Reference.get(start, Lora.A)), lora.scale());
    }

    private void adapterAndResidualAreTheWeight(Lora lora, Map<String, DoubleTensor> start) {
        assertThat(start.keySet()).containsExactlyInAnyOrder(Lora.A, Lora.B, LayerSpec.WEIGHT);
        close("W", backend.add(scaledProduct(lora, start), Reference.get(start, "weight"), false), weight);
    }

    private DoubleTensor firstRows(DoubleTensor a, long n) {
        return backend.slice(a, 0, 0, n);
    }

    private DoubleTensor transposed(DoubleTensor a) {
        return backend.permute(a, List.of(1, 0));
    }

    @Test
    void pissa_isThePrincipalPart() {
        Lora lora = new Lora(R, 5, true, 0, new Pissa());
        Map<String, DoubleTensor> start = start(lora);
        adapterAndResidualAreTheWeight(lora, start);
        double[] all = decompositions.svd(weight).s().toArray();
        double[] rest = decompositions.svd(Reference.get(start, "weight")).s().toArray();
        Tolerance.FLOAT64.check("rest", java.util.Arrays.copyOf(rest, 7), java.util.Arrays.copyOfRange(all, 3, 10));
        DoubleTensor a = Reference.get(start, Lora.A);
        DoubleTensor b = Reference.get(start, Lora.B);
        // A A^T = B^T B = S / s: the roots are shared evenly.
        DoubleTensor values =
                DoubleTensor.of(Shape.of(R), all[0] / lora.scale(), all[1] / lora.scale(), all[2] / lora.scale());
        DoubleTensor diagonal = backend.mul(backend.identity(R, DType.F64), values);
        close("A A^T", backend.matMul(a, transposed(a)), diagonal);
        close("B^T B", backend.matMul(transposed(b), b), diagonal);
    }

    @Test
    void pissa_randomised_isCloseToTheExact() {
        Lora exact = new Lora(R, 5, new Pissa());
        Lora randomised = new Lora(R, 5, new Pissa(2));
        Map<String, DoubleTensor> start = start(randomised);
        adapterAndResidualAreTheWeight(randomised, start);
        // Rank 3 and 10 columns beyond it are all 10 there are, so that nothing is lost.
        close("product", scaledProduct(randomised, start), scaledProduct(exact, start(exact)));
        assertThat(new Pissa(2).factorization(randomised, Layers.layer(100, 200)))
                .isEqualTo(new Factorization("weight", Factorization.Kind.LOW_RANK_SVD, 13, 2));
        assertThat(new Pissa().factorization(exact, layer).kind()).isEqualTo(Factorization.Kind.SVD);
    }

    @Test
    void olora_isTheFirstColumnsOfQr() {
        Lora lora = new Lora(R, 5, new Olora());
        Map<String, DoubleTensor> start = start(lora);
        adapterAndResidualAreTheWeight(lora, start);
        DoubleTensor b = Reference.get(start, Lora.B);
        close("B^T B", backend.matMul(transposed(b), b), backend.identity(R, DType.F64));
        // The first r columns of W are Q[:, :r] R[:r, :r].
        DoubleTensor product = backend.matMul(b, Reference.get(start, Lora.A));
        close("W[:, :r]", backend.slice(product, 1, 0, R), backend.slice(weight, 1, 0, R));
    }

    @ParameterizedTest
    @EnumSource
    void loraGa_direction_takesTheVectors(LoraGa.Direction direction) {
        Lora lora = new Lora(R, 6, new LoraGa(direction, LoraGa.Scale.UNIT, 16));
        Map<String, DoubleTensor> start = start(lora);
        adapterAndResidualAreTheWeight(lora, start);
        int[] a =
                switch (direction) {
                    case AR_BR -> new int[] {1, 3, 5};
                    case A2R_BR -> new int[] {3, 4, 5};
                    case AR_B2R -> new int[] {0, 1, 2};
                };
        int[] b =
                switch (direction) {
                    case AR_BR -> new int[] {0, 2, 4};
                    case A2R_BR -> new int[] {0, 1, 2};
                    case AR_B2R -> new int[] {3, 4, 5};
                };
        Svd<DoubleTensor> svd = decompositions.svd(gradient);
        for (int k = 0; k < R; k++) {
            sameDirection(
                    backend.slice(Reference.get(start, Lora.A), 0, k, k + 1),
                    backend.slice(svd.vt(), 0, a[k], a[k] + 1));
            sameDirection(
                    backend.slice(Reference.get(start, Lora.B), 1, k, k + 1),
                    backend.slice(svd.u(), 1, b[k], b[k] + 1));
        }
    }

    /** Unit vectors are equal but for the sign. */
    private void sameDirection(DoubleTensor actual, DoubleTensor expected) {
        double dot = 0;
        for (int i = 0; i < actual.toArray().length; i++) {
            dot += actual.toArray()[i] * expected.toArray()[i];
        }
        close("vector", actual, backend.scale(expected, Math.signum(dot)));
    }

    @ParameterizedTest
    @EnumSource
    void loraGa_scale(LoraGa.Scale scale) {
        Lora unit = new Lora(R, 6, new LoraGa(LoraGa.Direction.AR_B2R, LoraGa.Scale.UNIT, 9));
        Lora lora = new Lora(R, 6, new LoraGa(LoraGa.Direction.AR_B2R, scale, 9));
        Map<String, DoubleTensor> expected = start(unit);
        Map<String, DoubleTensor> start = start(lora);
        adapterAndResidualAreTheWeight(lora, start);
        double stable = Math.pow(12, 0.25) / 3;
        double[] s = decompositions.svd(gradient).s().toArray();
        DoubleTensor values = DoubleTensor.of(Shape.of(R), s[3], s[4], s[5]);
        double factorA =
                switch (scale) {
                    case STABLE -> stable;
                    case GRADIENT_DESCENT -> 0.5;
                    case PEFT_STABLE, UNIT -> 1;
                };
        DoubleTensor b = Reference.get(expected, Lora.B);
        close("A", Reference.get(start, Lora.A), backend.scale(Reference.get(expected, Lora.A), factorA));
        close(
                "B",
                Reference.get(start, Lora.B),
                scale == LoraGa.Scale.PEFT_STABLE
                        ? backend.scale(backend.mul(b, values), stable)
                        : backend.scale(b, factorA));
    }

    @Test
    void loraGa_factorization_asThePaper() {
        assertThat(new LoraGa().factorization(new Lora(8, 8), Layers.layer(100, 200)))
                .isEqualTo(new Factorization("gradient", Factorization.Kind.LOW_RANK_SVD, 32, 4));
        assertThat(new LoraGa()
                        .factorization(new Lora(8, 8), Layers.layer(100, 20))
                        .rank())
                .isEqualTo(20);
    }

    @Test
    void loraGa_withoutAGradient_throws() {
        WeightStart start = new Lora(R, 6, new LoraGa()).weightStart(layer).orElseThrow();
        assertThat(start.needsGradient()).isTrue();
        assertThatThrownBy(() -> start.evaluate(backend, decompositions, Map.of("weight", weight)))
                .isInstanceOf(AdapterException.class)
                .hasMessage("lora-ga.start " + layer.describe()
                        + " needs the gradient, was given [weight]; run one batch backward first");
        WeightStart pissa = new Lora(R, 6, new Pissa()).weightStart(layer).orElseThrow();
        assertThatThrownBy(() -> pissa.evaluate(backend, decompositions, Map.of()))
                .hasMessage("pissa.start " + layer.describe() + " needs the weight, was given []");
    }

    @Test
    void dora_magnitudeIsTheNormOfTheRows() {
        double[] norms = new double[12];
        for (int o = 0; o < 12; o++) {
            for (int c = 0; c < 10; c++) {
                norms[o] = Math.hypot(norms[o], weight.toArray()[o * 10 + c]);
            }
        }
        Map<String, DoubleTensor> start = start(new Dora(R, 6));
        assertThat(start.keySet()).containsExactly(Dora.MAGNITUDE);
        Tolerance.FLOAT64.check("m", Reference.get(start, Dora.MAGNITUDE).toArray(), norms);

        Dora principal = new Dora(new Lora(R, 6, new Pissa()));
        Map<String, DoubleTensor> both = start(principal);
        Tolerance.FLOAT64.check("m", Reference.get(both, Dora.MAGNITUDE).toArray(), norms);
        assertThat(both.keySet()).contains(Lora.A, Lora.B, LayerSpec.WEIGHT);

        Dora random = new Dora(new Lora(R, 6, LoraStart.Drawn.BOTH));
        Map<String, DoubleTensor> drawn = Layers.drawn(layer, random);
        DoubleTensor moved = backend.add(weight, scaledProduct(random.lora(), drawn), false);
        double first = 0;
        for (int c = 0; c < 10; c++) {
            first = Math.hypot(first, moved.toArray()[c]);
        }
        assertThat(Reference.get(start(random), Dora.MAGNITUDE).toArray()[0])
                .isCloseTo(first, org.assertj.core.data.Offset.offset(1e-12));
    }

    @Test
    void drawnStarts_needNoWeight() {
        for (LoraStart.Drawn drawn : LoraStart.Drawn.values()) {
            assertThat(new Lora(R, 6, drawn).weightStart(layer)).isEmpty();
        }
        assertThat(new Bone(R).weightStart(layer)).isEmpty();
    }

    @Test
    void halfPrecisionWeight_isDecomposedInFloat32_andResidualCastBack() {
        LayerSpec half = new LayerSpec("q", 10, 12, false, DType.BF16, DType.BF16);
        WeightStart start = new Lora(R, 6, new Pissa()).weightStart(half).orElseThrow();
        assertThat(start.graph().inputs().get("u").type()).isEqualTo(DType.F32);
        assertThat(start.graph().outputs().get(Lora.A).type()).isEqualTo(DType.F32);
        assertThat(start.graph().outputs().get(LayerSpec.WEIGHT).type()).isEqualTo(DType.BF16);
        assertThat(casts(half)).isEqualTo(3); // for the decomposition, for the residual, and back
        assertThat(casts(half.withTypes(DType.F32, DType.F32))).isZero();
    }

    private int casts(LayerSpec spec) {
        List<String> calls = new ArrayList<>();
        @SuppressWarnings("unchecked")
        Backend<DoubleTensor> counting = (Backend<DoubleTensor>) Proxy.newProxyInstance(
                getClass().getClassLoader(), new Class<?>[] {Backend.class}, (proxy, call, arguments) -> {
                    calls.add(call.getName());
                    return call.invoke(backend, arguments);
                });
        WeightStart start = new Lora(R, 6, new Pissa()).weightStart(spec).orElseThrow();
        assertThat(start.needsGradient()).isFalse();
        start.evaluate(counting, decompositions, Map.of("weight", weight));
        return Collections.frequency(calls, "cast");
    }

    @Test
    void rankBeyondTheLayer_throws() {
        assertThatThrownBy(() -> new Lora(11, 6, new Pissa()).check(layer))
                .isInstanceOf(AdapterException.class)
                .hasMessage(
                        "model.layers.3.mlp.gate_proj (in 10, out 12): pissa allows a rank of at most 10 there, not 11");
        assertThatThrownBy(() -> new Dora(new Lora(6, 6, new LoraGa())).check(layer))
                .hasMessageEndingWith("lora-ga allows a rank of at most 5 there, not 6");
        new Lora(10, 6, new Olora()).check(layer);
        new Lora(5, 6, new LoraGa()).check(layer);
        new Lora(11, 6).check(layer);
    }

    @Test
    void badSettings_throw() {
        assertThatThrownBy(() -> new Lora(R, 0, new Pissa()))
                .hasMessage("LoRA: alpha must be positive for pissa, not 0.0");
        assertThatThrownBy(() -> new Pissa(-1)).isInstanceOf(AdapterException.class);
        assertThatThrownBy(() -> new LoraGa(LoraGa.Direction.AR_BR, LoraGa.Scale.UNIT, 0))
                .isInstanceOf(AdapterException.class);
    }
}
