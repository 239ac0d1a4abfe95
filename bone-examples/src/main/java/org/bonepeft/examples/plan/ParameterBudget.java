package org.bonepeft.examples.plan;

import java.util.Comparator;
import java.util.List;
import java.util.stream.IntStream;
import org.bonepeft.BoneException;
import org.bonepeft.adapter.AdapterMethod;
import org.bonepeft.adapter.AdapterMethods;
import org.bonepeft.adapter.Bone;
import org.bonepeft.adapter.LayerSpec;
import org.bonepeft.djl.model.LinearShape;
import org.bonepeft.peft.Targets;

/**
 * Methods with as many parameters as Bone, on the same layers.
 *
 * @param layers the adapted ones
 */
public record ParameterBudget(List<LayerSpec> layers) {
    /**
     * Selects the layers.
     *
     * @param linears of the model, those that are never adapted left out
     * @throws BoneException if no layer is meant
     */
    public static ParameterBudget of(List<LinearShape> linears, Targets targets) {
        List<String> selected =
                targets.select(linears.stream().map(LinearShape::path).toList());
        return new ParameterBudget(linears.stream()
                .filter(linear -> selected.contains(linear.path()))
                .map(linear -> new LayerSpec(linear.path(), linear.in(), linear.out(), linear.bias()))
                .toList());
    }

    /**
     * Returns a method of a rank, or block size. The scale of LoRA, rsLoRA and DoRA is 2, that of PiSSA, OLoRA and LoRA-GA
     * 1.
     *
     * @throws BoneException if it does not fit a layer
     */
    public AdapterMethod method(String name, int rank) {
        for (LayerSpec layer : layers) {
            long largest = Math.min(layer.in(), layer.out());
            if (rank > largest) {
                throw new BoneException(layer.path() + " (in " + layer.in() + ", out " + layer.out() + "): " + name
                        + " of rank " + rank + " does not fit; --rank may be at most " + largest);
            }
        }
        AdapterMethod method = unchecked(name, rank);
        layers.forEach(method::check);
        return method;
    }

    private AdapterMethod unchecked(String name, int rank) {
        double alpha = List.of("lora", "dora").contains(name)
                ? 2.0 * rank
                : name.equals("rslora") ? 2 * Math.sqrt(rank) : rank;
        // Half the outputs repeat, and there are as many groups as rows of blocks: Bone's number of parameters again.
        long out = layers.get(0).out();
        int miniRank = Math.toIntExact(out % 2 == 0 ? out / 2 : out);
        int groups = Math.toIntExact(Math.max(1, out / rank));
        return AdapterMethods.of(name, new AdapterMethods.Settings(rank, alpha, 0, groups, miniRank));
    }

    /** Returns the rank with which a method has as many parameters as Bone of a block size, as nearly as it can. */
    public int rankLikeBone(String name, int blockSize) {
        long wanted = count(new Bone(blockSize));
        long largest = layers.stream()
                .mapToLong(layer -> Math.min(layer.in(), layer.out()))
                .min()
                .orElseThrow();
        return IntStream.rangeClosed(1, Math.toIntExact(largest))
                .filter(rank -> fits(unchecked(name, rank)))
                .boxed()
                .min(Comparator.comparingLong((Integer rank) -> Math.abs(count(unchecked(name, rank)) - wanted))
                        .thenComparingInt(rank -> Math.abs(rank - blockSize)))
                .orElse(blockSize);
    }

    private boolean fits(AdapterMethod adapter) {
        try {
            layers.forEach(adapter::check);
            return true;
        } catch (BoneException e) {
            return false;
        }
    }

    /** Returns the number of parameters that a method has on the layers. */
    public long count(AdapterMethod adapter) {
        return layers.stream().mapToLong(adapter::parameterCount).sum();
    }
}
