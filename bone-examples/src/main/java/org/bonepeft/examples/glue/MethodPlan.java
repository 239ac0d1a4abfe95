package org.bonepeft.examples.glue;

import java.util.List;
import java.util.Optional;
import org.bonepeft.BoneException;
import org.bonepeft.adapter.AdapterMethod;
import org.bonepeft.adapter.Bone;
import org.bonepeft.adapter.LayerSpec;
import org.bonepeft.adapter.Lora;
import org.bonepeft.djl.model.LinearShape;
import org.bonepeft.djl.model.ModelBlock;
import org.bonepeft.peft.Targets;

/**
 * A method as it fits a model.
 *
 * @param title what is trained, for people
 * @param adapter what the target layers get, if anything
 */
record MethodPlan(Method method, String title, Optional<AdapterMethod> adapter) {
    /** The module that is trained whole, so never adapted. */
    static final String HEAD = "classifier";

    /**
     * Plans Bone with the block size of the options, or LoRA: with the rank that has as many parameters as Bone would,
     * if Bone is trained too, else with the rank of the options. LoRA's alpha is twice its rank.
     *
     * @param model need not be initialized
     * @throws BoneException if no layer is meant, or the rank is larger than a layer
     */
    static MethodPlan of(Method method, GlueOptions options, ModelBlock model) {
        return switch (method) {
            case HEAD_ONLY, FULL -> new MethodPlan(method, method.toString(), Optional.empty());
            case BONE -> of(method, new Bone(options.rank()), options.rank(), layers(options, model));
            case LORA -> {
                List<LayerSpec> layers = layers(options, model);
                int rank =
                        options.methods().contains(Method.BONE) ? rankLikeBone(options.rank(), layers) : options.rank();
                yield of(method, new Lora(rank, 2.0 * rank), rank, layers);
            }
        };
    }

    private static MethodPlan of(Method method, AdapterMethod adapter, int rank, List<LayerSpec> layers) {
        for (LayerSpec layer : layers) {
            long largest = Math.min(layer.in(), layer.out());
            if (rank > largest) {
                throw new BoneException(layer.path() + " (in " + layer.in() + ", out " + layer.out() + "): " + method
                        + " of rank " + rank + " does not fit; --rank may be at most " + largest);
            }
            adapter.check(layer);
        }
        return new MethodPlan(method, method + " r=" + rank, Optional.of(adapter));
    }

    private static int rankLikeBone(int blockSize, List<LayerSpec> layers) {
        double wanted =
                layers.stream().mapToLong(new Bone(blockSize)::parameterCount).sum();
        double perRank =
                layers.stream().mapToLong(new Lora(1, 1)::parameterCount).sum();
        return (int) Math.max(1, Math.round(wanted / perRank));
    }

    private static List<LayerSpec> layers(GlueOptions options, ModelBlock model) {
        List<LinearShape> linears = model.linears().stream()
                .filter(linear -> !linear.path().startsWith(HEAD + "."))
                .toList();
        List<String> selected = Targets.of(options.targets())
                .select(linears.stream().map(LinearShape::path).toList());
        return linears.stream()
                .filter(linear -> selected.contains(linear.path()))
                .map(linear -> new LayerSpec(linear.path(), linear.in(), linear.out(), linear.bias()))
                .toList();
    }
}
