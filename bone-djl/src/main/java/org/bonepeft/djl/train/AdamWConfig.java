package org.bonepeft.djl.train;

import ai.djl.ndarray.NDArray;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;
import org.bonepeft.BoneException;
import org.bonepeft.adapter.AdapterParameter;
import org.bonepeft.adapter.Initializer;
import org.bonepeft.adapter.LoraPlus;
import org.bonepeft.djl.torch.AdamW;
import org.bonepeft.tensor.Shape;

/**
 * The numbers of AdamW, and which parameters have others; see {@link AdamW}.
 *
 * @param beta1 decay of the running mean
 * @param beta2 decay of the running mean of squares
 * @param eps added to the root
 * @param weightDecay of matrices and larger tensors
 * @param decayVectors whether tensors of one dimension (biases, norms, magnitudes) decay too
 * @param loraPlus which parameters learn faster, if any
 */
public record AdamWConfig(
        double beta1, double beta2, double eps, double weightDecay, boolean decayVectors, Optional<LoraPlus> loraPlus) {
    /** Checks the ranges. */
    public AdamWConfig {
        if (!(beta1 >= 0 && beta1 < 1 && beta2 >= 0 && beta2 < 1 && eps > 0 && weightDecay >= 0)) {
            throw new BoneException("AdamW with betas " + beta1 + ", " + beta2 + ", eps " + eps + ", weight decay "
                    + weightDecay + "; expected betas in [0, 1), eps above 0, a decay of 0 or more");
        }
    }

    /** Returns betas 0.9 and 0.999, eps 1e-8, no decay. */
    public static AdamWConfig defaults() {
        return new AdamWConfig(0.9, 0.999, 1e-8, 0, false, Optional.empty());
    }

    /** Returns this with other betas. */
    public AdamWConfig withBetas(double first, double second) {
        return new AdamWConfig(first, second, eps, weightDecay, decayVectors, loraPlus);
    }

    /** Returns this with another eps. */
    public AdamWConfig withEps(double value) {
        return new AdamWConfig(beta1, beta2, value, weightDecay, decayVectors, loraPlus);
    }

    /** Returns this with a decay, of vectors too or not. */
    public AdamWConfig withWeightDecay(double value, boolean vectorsToo) {
        return new AdamWConfig(beta1, beta2, eps, value, vectorsToo, loraPlus);
    }

    /** Returns this with LoRA+. */
    public AdamWConfig withLoraPlus(double ratio) {
        return new AdamWConfig(beta1, beta2, eps, weightDecay, decayVectors, Optional.of(new LoraPlus(ratio)));
    }

    private record Group(double rateFactor, double weightDecay) {}

    AdamW build(Map<String, NDArray> parameters) {
        Map<Group, Map<String, NDArray>> groups = new LinkedHashMap<>();
        parameters.forEach((name, array) -> groups.computeIfAbsent(group(name, array), key -> new LinkedHashMap<>())
                .put(name, array));
        AdamW.Builder builder = AdamW.builder().optBetas(beta1, beta2).optEps(eps);
        groups.forEach((group, members) -> builder.addGroup(members, group.rateFactor(), group.weightDecay()));
        return builder.build();
    }

    private Group group(String name, NDArray array) {
        AdapterParameter parameter = new AdapterParameter(
                name.substring(name.lastIndexOf('.') + 1),
                Shape.of(array.getShape().getShape()),
                Initializer.ZEROS);
        boolean decays = decayVectors || array.getShape().dimension() > 1;
        return new Group(loraPlus.map(plus -> plus.factor(parameter)).orElse(1.0), decays ? weightDecay : 0);
    }
}
