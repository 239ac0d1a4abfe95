package org.bonepeft.examples.bench;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.NDScope;
import ai.djl.nn.Block;
import java.util.Objects;
import java.util.Optional;
import org.bonepeft.adapter.AdapterMethod;
import org.bonepeft.adapter.AdapterMethods;
import org.bonepeft.adapter.Bone;
import org.bonepeft.adapter.Dora;
import org.bonepeft.adapter.Lora;
import org.bonepeft.djl.AdaptedModel;
import org.bonepeft.djl.AdapterConfig;
import org.bonepeft.djl.Adapters;
import org.bonepeft.djl.LayerAdapter;
import org.bonepeft.djl.torch.TorchTypes;
import org.bonepeft.peft.Targets;
import org.bonepeft.tensor.DType;

/** The methods of the workloads, and how their adapters start. */
final class BenchMethod {
    private BenchMethod() {}

    /**
     * Returns the adapter that a method means, with the case's settings; empty for {@code none}. {@code bat-col} is Bat by
     * columns; other names are those of {@link AdapterMethods}.
     */
    static Optional<AdapterMethod> of(String name, Fields work) {
        if (name.equals("none")) {
            return Optional.empty();
        }
        Fields adapters = work.object("adapters");
        Fields settings = adapters.object(adapters.has(name) ? name : "block");
        int rank = settings.integer("r");
        double alpha = settings.has("alpha") ? settings.number("alpha") : rank;
        return Optional.of(AdapterMethods.of(
                name.equals("bat-col") ? "bat" : name, new AdapterMethods.Settings(rank, alpha, 0, rank, rank)));
    }

    /** Returns the name by which a parameter's values are drawn. */
    static String drawName(String path, String parameter) {
        return path + (parameter.equals(Bone.BLOCK) ? ".block" : "." + parameter + ".weight");
    }

    /**
     * Attaches an adapter with the values of the workloads: A drawn; B and blocks zero, or drawn too; magnitudes the row
     * norms of the adapted weight.
     *
     * @param live whether B and blocks are drawn
     * @param trained modules that are trained whole
     */
    static AdaptedModel attach(
            Block model, AdapterMethod method, Targets targets, Draws draws, boolean live, String... trained) {
        AdaptedModel adapted = Adapters.attach(
                model,
                AdapterConfig.builder()
                        .setMethod(method)
                        .setTargets(targets)
                        .optModulesToSave(trained)
                        .build());
        adapted.layers().forEach((path, layer) -> {
            NDArray weight = layer.base().getDirectParameters().get("weight").getArray();
            layer.adapters().values().forEach(adapter -> start(adapter, path, weight, draws, live));
        });
        return adapted;
    }

    private static void start(LayerAdapter adapter, String path, NDArray weight, Draws draws, boolean live) {
        try (NDScope scope = new NDScope()) {
            scope.suppressNotUsedWarning();
            NDManager manager = weight.getManager();
            adapter.parameters().forEach((label, parameter) -> {
                if (label.equals(Lora.A) || (live && !label.equals(Dora.MAGNITUDE))) {
                    long[] shape = parameter.getArray().getShape().getShape();
                    adapter.assign(label, draws.weight(manager, drawName(path, label), DType.F32, shape));
                }
            });
            if (adapter.method() instanceof Dora dora) {
                NDArray a = array(adapter, Lora.A);
                NDArray b = array(adapter, Lora.B);
                NDArray moved = TorchTypes.cast(weight, DType.F32)
                        .add(b.matMul(a).mul(dora.lora().scale()));
                adapter.assign(Dora.MAGNITUDE, moved.square().sum(new int[] {1}).sqrt());
            }
        }
    }

    private static NDArray array(LayerAdapter adapter, String parameter) {
        return Objects.requireNonNull(adapter.parameters().get(parameter)).getArray();
    }
}
