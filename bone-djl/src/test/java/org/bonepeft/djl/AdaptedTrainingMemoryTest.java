package org.bonepeft.djl;

import static org.assertj.core.api.Assertions.assertThat;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.NDScope;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import ai.djl.nn.SequentialBlock;
import ai.djl.nn.core.Linear;
import ai.djl.training.ParameterStore;
import ai.djl.training.initializer.NormalInitializer;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.bonepeft.adapter.AdapterMethod;
import org.bonepeft.djl.torch.TorchAutograd;
import org.bonepeft.peft.Targets;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

class AdaptedTrainingMemoryTest {
    private static final int STEPS = 300;

    static List<AdapterMethod> methods() {
        return TestMethods.all(8);
    }

    @ParameterizedTest
    @MethodSource("methods")
    void threeHundredSteps_leaveArraysAndResidentMemoryFlat(AdapterMethod method) throws IOException {
        try (NDManager manager = NDManager.newBaseManager();
                TorchAutograd gradients = TorchAutograd.enabled()) {
            SequentialBlock block = new SequentialBlock()
                    .add(Linear.builder().setUnits(256).build())
                    .add(Linear.builder().setUnits(256).build());
            block.setInitializer(new NormalInitializer(), parameter -> true);
            block.initialize(manager, DataType.FLOAT32, new Shape(1, 256));
            AdaptedModel model = Adapters.attach(
                    block,
                    AdapterConfig.builder()
                            .setMethod(method)
                            .setTargets(Targets.of(Targets.ALL_LINEAR))
                            .build());
            NDArray x = manager.randomNormal(new Shape(64, 256));
            step(model, x);
            int arrays = manager.getManagedArrays().size();
            long memory = 0;
            for (int i = 0; i < STEPS; i++) {
                step(model, x);
                if (i == STEPS / 3) {
                    memory = residentBytes();
                }
            }
            assertThat(manager.getManagedArrays()).hasSize(arrays);
            // Two thirds of the steps make 1.6 GB of intermediate results; what one step keeps is 8 MB at most.
            assertThat(residentBytes() - memory).isLessThan(64 << 20);
        }
    }

    private static void step(AdaptedModel model, NDArray x) {
        try (NDScope scope = new NDScope()) {
            scope.suppressNotUsedWarning();
            NDArray y = model.block()
                    .forward(new ParameterStore(x.getManager(), false), new NDList(x), true)
                    .singletonOrThrow();
            TorchAutograd.backward(y.square().mean());
            try (TorchAutograd off = TorchAutograd.disabled()) {
                model.trainableParameters().values().forEach(parameter -> {
                    NDArray array = parameter.getArray();
                    try (NDArray gradient = TorchAutograd.gradient(array).orElseThrow()) {
                        array.subi(gradient.mul(1e-3));
                    }
                    TorchAutograd.zero(array);
                });
            }
        }
    }

    private static long residentBytes() throws IOException {
        Path status = Path.of("/proc/self/statm");
        return Files.exists(status)
                ? 4096 * Long.parseLong(Files.readString(status).split(" ")[1])
                : 0;
    }
}
