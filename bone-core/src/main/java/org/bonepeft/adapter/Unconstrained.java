package org.bonepeft.adapter;

import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.bonepeft.graph.Tensor;
import org.bonepeft.tensor.Shape;

/**
 * {@code DeltaW_ij = F_j B_j + B_j}: Bat by rows in which free parameters F take the place of the weight, an ablation that
 * shows what the weight's guidance is worth.
 *
 * <p>{@code bone} and {@code free}, both [in/b, b, b]; b must divide both dimensions. All blocks above each other are
 * equal, so that {@code y = x W^T + tile(sum_j M_j x_j)} with {@code M_j = F_j B_j + B_j}, a matrix [b, in]. Source: the
 * ablation of "Bone: Block-Affine Adaptation of Large Language Models".
 *
 * @param rank the block size b
 */
public record Unconstrained(int rank) implements AdapterMethod {
    /** The parameter B. */
    public static final String BLOCK = Bone.BLOCK;

    /** The parameter F. */
    public static final String FREE = "free";

    /** Checks the field. */
    public Unconstrained {
        Checks.rank("Unconstrained", rank);
    }

    @Override
    public String name() {
        return "unconstrained";
    }

    @Override
    public <R> R accept(Visitor<R> visitor) {
        return visitor.unconstrained(this);
    }

    @Override
    public void check(LayerSpec layer) {
        Checks.divides("Unconstrained", rank, layer);
    }

    @Override
    public List<AdapterParameter> parameters(LayerSpec layer) {
        Shape shape = Shape.of(layer.in() / rank, rank, rank);
        return List.of(
                new AdapterParameter(BLOCK, shape, Initializer.ZEROS),
                new AdapterParameter(FREE, shape, Initializer.ZEROS));
    }

    @Override
    public List<Evaluation> evaluations() {
        return List.of(Evaluation.FACTORED, Evaluation.FORMED);
    }

    @Override
    public Tensor delta(LayerSpec layer, Tensor weight, Map<String, Tensor> parameters) {
        Tensor block = Checks.parameter(parameters, BLOCK);
        Tensor affine = Checks.parameter(parameters, FREE).matMul(block).add(block);
        return BlockGrid.of(layer, rank, Grouping.ROW).spread(affine);
    }

    @Override
    public Optional<Tensor> inverse(LayerSpec layer, Tensor merged, Map<String, Tensor> parameters) {
        return Optional.of(merged.sub(delta(layer, merged, parameters)));
    }

    @Override
    public LinearMap adapt(
            LayerSpec layer, LinearMap base, Map<String, Tensor> parameters, Evaluation evaluation, boolean training) {
        Tensor merged = base.weight().add(delta(layer, base.weight(), parameters));
        Tensor block = Checks.parameter(parameters, BLOCK).transpose();
        Tensor free = Checks.parameter(parameters, FREE).transpose();
        // Transposed, the blocks M_j^T lie above each other: a view.
        Tensor affine = block.addMatMul(block, free).reshape(layer.in(), rank);
        return LinearMap.of(merged, (x, addend) -> {
            Tensor repeated = x.matMul(affine).tile(1, layer.out() / rank);
            return base.apply(x, Optional.of(LinearMap.plus(repeated, addend)));
        });
    }
}
