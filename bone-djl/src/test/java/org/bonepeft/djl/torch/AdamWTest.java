package org.bonepeft.djl.torch;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.NDScope;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import org.bonepeft.BoneException;
import org.bonepeft.tensor.DType;
import org.bonepeft.testkit.Tolerance;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

class AdamWTest {
    private NDManager manager;
    private NDArray p;
    private NDArray q;

    @BeforeEach
    void open() {
        manager = NDManager.newBaseManager();
        p = Wave.of(manager, DataType.FLOAT32, 0, 2, 2);
        q = Wave.of(manager, DataType.FLOAT32, 1, 3);
        p.setRequiresGradient(true);
        q.setRequiresGradient(true);
    }

    @AfterEach
    void close() {
        manager.close();
    }

    private AdamW optimizer() {
        return AdamW.builder()
                .addGroup(Map.of("p", p), 1, 0.1)
                .addGroup(Map.of("q", q), 0.5, 0)
                .optBetas(0.8, 0.95)
                .optEps(1e-3)
                .build();
    }

    /** The loss of training step s: (s + 1) sum(p^2) + sum(q^3). */
    private void backward(int step) {
        TorchAutograd.with(true, () -> {
            TorchAutograd.backward(
                    p.mul(p).sum().mul(step + 1).add(q.mul(q).mul(q).sum()));
            return true;
        });
    }

    private double[] train(AdamW optimizer, int from, int to) {
        double[] norms = new double[to - from];
        for (int step = from; step < to; step++) {
            try (NDScope scope = new NDScope()) {
                scope.suppressNotUsedWarning();
                optimizer.zeroGradients();
                backward(step);
                norms[step - from] = optimizer.step(0.1, 1);
            }
        }
        return norms;
    }

    private static float[] state(AdamW optimizer, String name) {
        return Objects.requireNonNull(optimizer.state().get(name)).toFloatArray();
    }

    /** torch 2.13: AdamW([{p, lr .1, decay .1}, {q, lr .05, decay 0}], betas (.8, .95), eps 1e-3), norm clipped at 1. */
    @Test
    void step_threeTimes_asTorch() {
        try (AdamW optimizer = optimizer()) {
            double[] norms = train(optimizer, 0, 3);
            Tolerance.FLOAT32.check(
                    "norms", norms, new double[] {4.859474182128906, 6.165713310241699, 7.246011734008789});
            Tolerance.FLOAT32.check("p", p.toFloatArray(), new double[] {0, 0.328077912, 0.658952832, 0.540361404});
            Tolerance.FLOAT32.check("q", q.toFloatArray(), new double[] {0.696850777, 0.846537888, 0.531734407});
            Tolerance.FLOAT32.check(
                    "exp_avg", state(optimizer, "p.exp_avg"), new double[] {0, 0.161481649, 0.269886881, 0.231049255});
            Tolerance.FLOAT32.check("exp_avg_sq", state(optimizer, "p.exp_avg_sq"), new double[] {
                0, 0.0153851379, 0.0429387912, 0.0314572565
            });
            assertThat(state(optimizer, "q.step")[0]).isEqualTo(3);
        }
    }

    @Test
    void kernels_fastAndComposed_agree() {
        NDArray[][] results = new NDArray[2][];
        for (int i = 0; i < 2; i++) {
            Kernels kernels = i == 0 ? Kernels.composed() : Kernels.of(manager);
            NDArray parameter = Wave.of(manager, DataType.FLOAT32, 0, 4, 3);
            parameter.setRequiresGradient(true);
            NDArray average = manager.zeros(new Shape(4, 3));
            NDArray square = manager.zeros(new Shape(4, 3));
            NDArray step = manager.zeros(new Shape());
            for (int t = 0; t < 3; t++) {
                NDArray gradient = Wave.of(manager, DataType.FLOAT32, t, 4, 3);
                assertThat(kernels.clip(List.of(gradient), 0.5)).isGreaterThan(0.5);
                kernels.adamW(
                        List.of(parameter),
                        List.of(gradient),
                        List.of(average),
                        List.of(square),
                        List.of(step),
                        AdamWStep.ofRate(0.01));
            }
            assertThat(parameter.hasGradient()).isTrue();
            results[i] = new NDArray[] {parameter, average, square, step};
        }
        for (int k = 0; k < 4; k++) {
            Tolerance.FLOAT32.check("result " + k, results[1][k].toFloatArray(), results[0][k].toFloatArray());
        }
    }

    @Test
    void restore_savedState_continuesToTheSameBits() {
        Map<String, NDArray> saved = new HashMap<>();
        float[] pThen;
        float[] qThen;
        float[] end;
        try (AdamW optimizer = optimizer()) {
            train(optimizer, 0, 2);
            optimizer.state().forEach((name, array) -> {
                NDArray copy = array.duplicate();
                copy.attach(manager);
                saved.put(name, copy);
            });
            pThen = p.toFloatArray();
            qThen = q.toFloatArray();
            train(optimizer, 2, 4);
            end = p.toFloatArray();
        }
        NDArray old = p;
        p = manager.create(pThen).reshape(2, 2).duplicate();
        q = manager.create(qThen).duplicate();
        p.setRequiresGradient(true);
        q.setRequiresGradient(true);
        try (AdamW optimizer = optimizer()) {
            optimizer.restore(saved);
            train(optimizer, 2, 4);
        }
        assertThat(p.toFloatArray()).containsExactly(end).containsExactly(old.toFloatArray());
    }

    @Test
    void restore_otherParameters_namesThem() {
        try (AdamW optimizer = optimizer()) {
            Map<String, NDArray> saved = new HashMap<>(optimizer.state());
            saved.put("r.step", saved.remove("q.step"));
            assertThatThrownBy(() -> optimizer.restore(saved))
                    .isInstanceOf(BoneException.class)
                    .hasMessageContaining("missing [q.step]")
                    .hasMessageContaining("unknown [r.step]");
            Map<String, NDArray> wrongShape = new HashMap<>(optimizer.state());
            wrongShape.put("q.exp_avg", p);
            assertThatThrownBy(() -> optimizer.restore(wrongShape))
                    .isInstanceOf(BoneException.class)
                    .hasMessageContaining("q.exp_avg is float32 (2, 2), expected float32 (3)");
        }
    }

    @Test
    void step_nonFiniteGradient_updatesNothing() {
        try (AdamW optimizer = optimizer()) {
            backward(0);
            TorchAutograd.with(true, () -> {
                TorchAutograd.backward(q.mul(Float.NaN).sum());
                return true;
            });
            float[] before = p.toFloatArray();
            assertThat(optimizer.step(0.1, 1)).isNaN();
            assertThat(p.toFloatArray()).containsExactly(before);
            assertThat(state(optimizer, "p.step")[0]).isZero();
            optimizer.zeroGradients();
            assertThat(optimizer.step(0.1, 1)).isZero();
        }
    }

    @Test
    void step_parameterWithoutGradient_isSkipped() {
        try (AdamW optimizer = optimizer()) {
            float[] before = p.toFloatArray();
            assertThat(optimizer.step(0.1, 1)).isZero();
            TorchAutograd.with(true, () -> {
                TorchAutograd.backward(q.sum());
                return true;
            });
            assertThat(optimizer.step(0.1, Double.POSITIVE_INFINITY)).isEqualTo(Math.sqrt(3), within(1e-6));
            assertThat(p.toFloatArray()).containsExactly(before);
            assertThat(q.toFloatArray()[0]).isEqualTo((float) (Math.sin(1) - 0.05), within(1e-4f));
        }
    }

    @Test
    void addGroup_sameNameTwice_isRefused() {
        assertThatThrownBy(() -> AdamW.builder().addGroup(Map.of("p", p), 1, 0).addGroup(Map.of("p", q), 1, 0))
                .isInstanceOf(BoneException.class)
                .hasMessageContaining("p is in two groups");
    }

    /** As modules have that are trained whole in a bfloat16 model, beside an adapter in float32. */
    @Test
    void bfloat16_isTrained_besideFloat32() {
        try (NDScope scope = new NDScope()) {
            scope.suppressNotUsedWarning();
            NDArray wide = manager.create(new float[] {1, -2, 3});
            NDArray narrow = TorchTypes.cast(manager.create(new float[] {1, -2, 3}), DType.BF16);
            List.of(wide, narrow).forEach(array -> array.setRequiresGradient(true));
            try (AdamW optimizer = AdamW.builder()
                            .addGroup(Map.of("wide", wide, "narrow", narrow), 1, 0)
                            .build();
                    AdamW again = AdamW.builder()
                            .addGroup(Map.of("wide", wide, "narrow", narrow), 1, 0)
                            .build()) {
                TorchAutograd.with(true, () -> {
                    TorchAutograd.backward(wide.mul(wide).sum());
                    TorchAutograd.backward(narrow.mul(narrow).sum());
                    return true;
                });
                assertThat(optimizer.step(0.5, Double.POSITIVE_INFINITY)).isCloseTo(Math.sqrt(112), within(0.03));
                for (NDArray array : List.of(wide, narrow)) {
                    assertThat(TorchTypes.cast(array, DType.F32).toFloatArray())
                            .containsExactly(new float[] {0.5f, -1.5f, 2.5f}, within(1e-6f));
                }
                again.restore(optimizer.state());
                assertThat(TorchTypes.of(Objects.requireNonNull(again.state().get("narrow.exp_avg"))))
                        .isEqualTo(DType.BF16);
            }
        }
    }
}
