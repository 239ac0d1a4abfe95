package org.bonepeft.examples.glue;

import java.util.Comparator;
import java.util.List;
import java.util.Optional;
import java.util.stream.IntStream;
import org.bonepeft.BoneException;
import org.bonepeft.adapter.AdapterMethod;
import org.bonepeft.adapter.AdapterMethods;
import org.bonepeft.adapter.Bone;
import org.bonepeft.adapter.LayerSpec;
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
     * Plans a method with the block size, or rank, of the options. In a run with Bone, every other adapter takes the size
     * that gives it as many parameters as Bone has, as nearly as it can. The scale of LoRA, rsLoRA and DoRA is 2, that of
     * PiSSA, OLoRA and LoRA-GA 1.
     *
     * @param model need not be initialized
     * @throws BoneException if no layer is meant, or the rank is larger than a layer
     */
    static MethodPlan of(Method method, GlueOptions options, ModelBlock model) {
        if (!method.isAdapter()) {
            return new MethodPlan(method, method.toString(), Optional.empty());
        }
        List<LayerSpec> layers = layers(options, model);
        int rank = options.rank();
        if (options.methods().contains(Method.BONE)) {
            requireFit(Method.BONE, rank, layers);
            rank = rankLikeBone(method, rank, layers);
        }
        requireFit(method, rank, layers);
        AdapterMethod adapter = adapter(method, rank, layers);
        layers.forEach(adapter::check);
        return new MethodPlan(method, method + " r=" + rank, Optional.of(adapter));
    }

    private static void requireFit(Method method, int rank, List<LayerSpec> layers) {
        for (LayerSpec layer : layers) {
            long largest = Math.min(layer.in(), layer.out());
            if (rank > largest) {
                throw new BoneException(layer.path() + " (in " + layer.in() + ", out " + layer.out() + "): " + method
                        + " of rank " + rank + " does not fit; --rank may be at most " + largest);
            }
        }
    }

    private static AdapterMethod adapter(Method method, int rank, List<LayerSpec> layers) {
        double alpha = List.of("lora", "dora").contains(method.name())
                ? 2.0 * rank
                : method.name().equals("rslora") ? 2 * Math.sqrt(rank) : rank;
        // Half the outputs repeat, and there are as many groups as rows of blocks: Bone's number of parameters again.
        long out = layers.get(0).out();
        int miniRank = Math.toIntExact(out % 2 == 0 ? out / 2 : out);
        int groups = Math.toIntExact(Math.max(1, out / rank));
        return AdapterMethods.of(method.name(), new AdapterMethods.Settings(rank, alpha, 0, groups, miniRank));
    }

    private static int rankLikeBone(Method method, int blockSize, List<LayerSpec> layers) {
        long wanted = count(new Bone(blockSize), layers);
        long largest = layers.stream()
                .mapToLong(layer -> Math.min(layer.in(), layer.out()))
                .min()
                .orElseThrow();
        return IntStream.rangeClosed(1, Math.toIntExact(largest))
                .filter(rank -> fits(adapter(method, rank, layers), layers))
                .boxed()
                .min(Comparator.comparingLong(
                                (Integer rank) -> Math.abs(count(adapter(method, rank, layers), layers) - wanted))
                        .thenComparingInt(rank -> Math.abs(rank - blockSize)))
                .orElse(blockSize);
    }

    private static boolean fits(AdapterMethod adapter, List<LayerSpec> layers) {
        try {
            layers.forEach(adapter::check);
            return true;
        } catch (BoneException e) {
            return false;
        }
    }

    private static long count(AdapterMethod adapter, List<LayerSpec> layers) {
        return layers.stream().mapToLong(adapter::parameterCount).sum();
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
