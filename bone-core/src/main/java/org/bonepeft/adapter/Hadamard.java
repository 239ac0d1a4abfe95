package org.bonepeft.adapter;

import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.bonepeft.graph.Tensor;
import org.bonepeft.tensor.Shape;

/**
 * {@code DeltaW_ij = W_ij o B_k + B_k}, o element by element: Bat with the Hadamard product in place of the matrix
 * product. k is i (col) or j (row).
 *
 * <p>{@code bone [out/b, b, b]} (col) or {@code [in/b, b, b]} (row); b must divide both dimensions. SPLIT: {@code W' = W +
 * W_ij o B_k} in one pass over the weight, and "+ B_k" as {@link Bone} adds it; 1 + B is never formed on the way forward.
 * The inverse, {@code W_ij = (W'_ij - B_k) / (1 + B_k)}, exists where no element of B_k is -1. Source: the ablation of
 * "Bone: Block-Affine Adaptation of Large Language Models".
 *
 * @param rank the block size b
 * @param grouping which blocks share parameters: col or row
 */
public record Hadamard(int rank, Grouping grouping) implements AdapterMethod {
    /** The only parameter. */
    public static final String BLOCK = Bone.BLOCK;

    /** Checks the fields. */
    public Hadamard {
        Checks.rank("Hadamard", rank);
        Checks.colOrRow("Hadamard", grouping);
    }

    /** Creates a Hadamard adapter by columns. */
    public Hadamard(int rank) {
        this(rank, Grouping.COL);
    }

    @Override
    public String name() {
        return grouping == Grouping.COL ? "hadamard" : "hadamard-row";
    }

    @Override
    public <R> R accept(Visitor<R> visitor) {
        return visitor.hadamard(this);
    }

    @Override
    public void check(LayerSpec layer) {
        Checks.divides("Hadamard", rank, layer);
    }

    @Override
    public List<AdapterParameter> parameters(LayerSpec layer) {
        long blocks = BlockGrid.of(layer, rank, grouping).blocks();
        return List.of(new AdapterParameter(BLOCK, Shape.of(blocks, rank, rank), Initializer.ZEROS));
    }

    @Override
    public List<Evaluation> evaluations() {
        return List.of(Evaluation.SPLIT, Evaluation.FORMED);
    }

    @Override
    public Tensor delta(LayerSpec layer, Tensor weight, Map<String, Tensor> parameters) {
        Tensor spread = BlockGrid.of(layer, rank, grouping).spread(Checks.parameter(parameters, BLOCK));
        return weight.mul(spread).add(spread);
    }

    @Override
    public Optional<Tensor> inverse(LayerSpec layer, Tensor merged, Map<String, Tensor> parameters) {
        BlockGrid grid = BlockGrid.of(layer, rank, grouping);
        Tensor blocks = Checks.parameter(parameters, BLOCK);
        // Reciprocals as inverses of 1 x 1 matrices, so that a zero is an error and not an infinity.
        long[] shape = blocks.shape().toArray();
        Tensor reciprocal = blocks.reshape(blocks.shape().size(), 1, 1)
                .add(Tensor.identity(1, blocks.type()))
                .inverse("1 + B")
                .reshape(shape);
        return Optional.of(merged.sub(grid.spread(blocks)).mul(grid.spread(reciprocal)));
    }

    @Override
    public LinearMap adapt(
            LayerSpec layer, LinearMap base, Map<String, Tensor> parameters, Evaluation evaluation, boolean training) {
        BlockGrid grid = BlockGrid.of(layer, rank, grouping);
        Tensor blocks = Checks.parameter(parameters, BLOCK);
        Tensor merged = base.weight().add(delta(layer, base.weight(), parameters));
        Tensor cells = base.weight().reshape(grid.rows(), rank, grid.columns(), rank);
        boolean byColumns = grouping == Grouping.COL;
        Tensor factors = byColumns ? blocks.reshape(grid.rows(), rank, 1, rank) : blocks.permute(1, 0, 2);
        LinearMap guided = LinearMap.of(cells.addMul(cells, factors).reshape(grid.out(), grid.in()));
        return LinearMap.of(merged, (x, addend) -> {
            if (byColumns) {
                Tensor cut = Blocks.byBlocks(x, rank);
                return guided.apply(cut, addend)
                        .addMatMul(Blocks.sum(cut, rank), grid.stacked(blocks).transpose());
            }
            Tensor low = x.matMul(grid.sideBySide(blocks).transpose());
            return guided.apply(x, Optional.of(LinearMap.plus(low.tile(1, grid.rows()), addend)));
        });
    }
}
