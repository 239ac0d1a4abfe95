package org.bonepeft.djl.torch;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assumptions.assumeThat;

import ai.djl.engine.EngineException;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.NDScope;
import ai.djl.ndarray.types.Shape;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import org.bonepeft.BoneException;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

@SuppressWarnings("try")
class TorchModuleTest {
    private static final String METHODS = """
            def add(self: __torch__.M, x: Tensor, y: Tensor) -> Tensor:
              return torch.add(x, y)
            def minmax(self: __torch__.M, x: Tensor) -> Tuple[Tensor, Tensor]:
              return (torch.min(x), torch.max(x))
            def weighted(self: __torch__.M, xs: List[Tensor], factor: str, ys: List[Tensor]) -> Tensor:
              sum = torch.mul(xs[0], float(factor))
              for i in range(len(ys)):
                sum = torch.add(sum, ys[i])
              return sum
            def cube(self: __torch__.M, x: Tensor) -> Tensor:
              return torch.mul(torch.mul(x, x), x)
            """;

    private NDManager manager;
    private TorchModule module;

    @BeforeEach
    void open() {
        manager = NDManager.newBaseManager();
        module = TorchModule.compile(METHODS).closeWith(manager);
    }

    @AfterEach
    void close() {
        manager.close();
    }

    @Test
    void call_anyNames_reachesTheMethod() {
        NDArray x = manager.create(new float[] {1, 2});
        x.setName("model.layers.0");
        NDArray y = manager.create(new float[] {10, 20});
        y.setName("y[]");
        assertThat(module.call("add", x, y).singletonOrThrow().toFloatArray()).containsExactly(11, 22);
        assertThat(x.getName()).isEqualTo("model.layers.0");
    }

    @Test
    void call_tuple_comesBackAsList() {
        NDList result = module.call("minmax", manager.create(new float[] {3, -1, 2}));
        assertThat(result).hasSize(2);
        assertThat(result.get(0).getFloat()).isEqualTo(-1);
        assertThat(result.get(1).getFloat()).isEqualTo(3);
    }

    @Test
    void method_listsAndNumbers_keepTheirOrder() {
        NDArray x = manager.create(1f);
        NDArray y = manager.create(4f);
        NDArray sum = module.method("weighted")
                .list(List.of(x))
                .number(0.1)
                .list(List.of(y, x, y))
                .run()
                .singletonOrThrow();
        assertThat(sum.getFloat()).isEqualTo(9.1f);
    }

    @Test
    void call_results_belongToTheFirstTensorOrTheGivenManager() {
        try (NDManager other = manager.newSubManager()) {
            NDArray x = other.create(1f);
            NDArray y = manager.create(1f);
            assertThat(module.call("add", x, y).singletonOrThrow().getManager()).isSameAs(other);
            assertThat(module.method("add")
                            .tensor(x)
                            .tensor(y)
                            .into(manager)
                            .run()
                            .singletonOrThrow()
                            .getManager())
                    .isSameAs(manager);
        }
    }

    @Test
    void call_inScope_closesResultsButNotArguments() {
        NDArray x = manager.create(1f);
        x.setName("named.x");
        NDArray y;
        try (NDScope scope = new NDScope()) {
            scope.suppressNotUsedWarning();
            y = module.call("add", x, x).singletonOrThrow();
        }
        assertThatThrownBy(y::getShape).isInstanceOf(IllegalStateException.class);
        assertThat(x.getFloat()).isEqualTo(1f);
    }

    @Test
    void call_eitherGradMode_recordsAccordingly() {
        NDArray x = manager.create(new float[] {1, 2});
        x.setRequiresGradient(true);
        try (TorchAutograd on = TorchAutograd.enabled()) {
            NDArray recorded = module.call("cube", x).singletonOrThrow();
            try (TorchAutograd off = TorchAutograd.disabled()) {
                NDArray unrecorded = module.call("cube", x).singletonOrThrow();
                assertThatThrownBy(() -> TorchAutograd.backward(unrecorded, x))
                        .isInstanceOf(EngineException.class)
                        .hasMessageContaining("does not require grad");
            }
            TorchAutograd.backward(recorded, x);
        }
        assertThat(TorchAutograd.gradient(x).orElseThrow().toFloatArray()).containsExactly(3, 24);
    }

    @Test
    void call_severalThreads_everyOneGetsItsOwnGradient() throws Exception {
        ExecutorService threads = Executors.newFixedThreadPool(4);
        try {
            List<Future<float[]>> gradients = new ArrayList<>();
            for (int i = 0; i < 40; i++) {
                float value = i;
                gradients.add(threads.submit(() -> gradientOfCube(value)));
            }
            for (int i = 0; i < 40; i++) {
                assertThat(gradients.get(i).get()).containsExactly(3f * i * i, 6f * i * i);
            }
        } finally {
            threads.shutdown();
        }
    }

    private float[] gradientOfCube(float value) {
        try (NDManager own = manager.newSubManager();
                TorchAutograd on = TorchAutograd.enabled()) {
            NDArray x = own.create(new float[] {value, value});
            x.setRequiresGradient(true);
            NDArray y = module.call("cube", x).singletonOrThrow();
            TorchAutograd.backward(y, own.create(new float[] {1, 2}));
            return TorchAutograd.gradient(x).orElseThrow().toFloatArray();
        }
    }

    @Test
    void call_hundredThousandTimes_growsNothing() throws IOException {
        Path statm = Path.of("/proc/self/statm");
        assumeThat(statm).exists();
        NDArray x = manager.ones(new Shape(64, 256));
        x.setName("x.x");
        x.setRequiresGradient(true);
        run(2_000, x);
        int arrays = manager.getManagedArrays().size();
        long pages = residentPages(statm);
        run(100_000, x);
        assertThat(manager.getManagedArrays()).hasSize(arrays);
        // 64 KiB a call: 6 GiB if it leaked
        assertThat(residentPages(statm) - pages).isLessThan(256 * 1024 / 4);
    }

    private void run(int calls, NDArray x) {
        for (int i = 0; i < calls; i++) {
            try (NDScope scope = new NDScope();
                    TorchAutograd grad = i % 2 == 0 ? TorchAutograd.enabled() : TorchAutograd.disabled()) {
                scope.suppressNotUsedWarning();
                module.call("add", x, x);
            }
        }
    }

    private static long residentPages(Path statm) throws IOException {
        return Long.parseLong(Files.readString(statm).split(" ", 3)[1]);
    }

    @Test
    void compile_equalTexts_shareOneModuleUntilTheLastClose() {
        TorchModule second = TorchModule.compile(METHODS);
        assertThat(TorchModule.owners(METHODS)).isEqualTo(2);
        second.close();
        second.close();
        assertThat(TorchModule.owners(METHODS)).isEqualTo(1);
        assertThat(module.call("cube", manager.create(2f)).singletonOrThrow().getFloat())
                .isEqualTo(8f);
        assertThatThrownBy(() -> second.call("cube", manager.create(2f))).isInstanceOf(IllegalStateException.class);
    }

    @Test
    void closeWith_manager_freesTheModule() {
        String methods = METHODS.replace("cube", "owned");
        TorchModule owned;
        try (NDManager owner = manager.newSubManager()) {
            owned = TorchModule.compile(methods).closeWith(owner);
            assertThat(TorchModule.owners(methods)).isEqualTo(1);
        }
        assertThat(TorchModule.owners(methods)).isZero();
        owned.close();
        assertThat(TorchModule.owners(methods)).isZero();
    }

    @Test
    void compile_wrongText_showsItAndTheReason() {
        assertThatThrownBy(() -> TorchModule.compile("""
                        def f(self: __torch__.M, x: Tensor) -> Tensor:
                          return torch.no_such_function(x)
                        """))
                .isInstanceOf(BoneException.class)
                .hasMessageContaining("def f(self")
                .hasMessageContaining("no_such_function");
    }

    @Test
    void list_empty_isRefused() {
        assertThatThrownBy(() -> module.method("weighted").list(List.of()))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("weighted");
    }
}
