package org.bonepeft.adapter;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.bonepeft.graph.Tensor;
import org.bonepeft.tensor.Shape;

/**
 * {@code DeltaW_ij = W_ij B_k + B_k}: block-affine transformation, in which each b x b block of the weight guides its own
 * update. k is i (col), j (row), or the number of the block modulo g (group).
 *
 * <ul>
 *   <li>col: {@code bone [out/b, b, b]}. FACTORED: {@code y_i = W_i (x + u_i) + sum_j u_ij} with {@code u_ij = B_i x_j},
 *       good for fewer than about b / 2 tokens. SPLIT: {@code W' = W + W_ij B_i} in one batched multiply-add on views, then
 *       {@code y = x W'^T + B_i s} with {@code s = sum_j x_j}. PEFT's form. A large W is taken in bands of rows, so that
 *       of the gradient of W' one band is there at a time.
 *   <li>row: {@code bone [in/b, b, b]}. FACTORED: {@code z_j = B_j x_j; y = W (x + z) + tile(sum_j z_j)}: one large
 *       product, as cheap as LoRA. RWKV-PEFT's form.
 *   <li>group: {@code bone [g, b, b]}; only FORMED. The form of the paper's first version.
 * </ul>
 *
 * <p>b must divide both dimensions. I + B is never formed on the way forward: it would round B to the precision of 1.
 * The inverse, {@code W_ij = (W'_ij - B_k)(I + B_k)^-1}, exists where no I + B_k is singular. Sources: "Bone:
 * Block-Affine Adaptation of Large Language Models"; PEFT's {@code tuners.miss.layer.MissLinear} with
 * {@code init_weights="bat"}.
 *
 * @param rank the block size b, PEFT's r
 * @param grouping which blocks share parameters
 * @param groups g for {@link Grouping#GROUP}, else 0
 */
public record Bat(int rank, Grouping grouping, int groups) implements AdapterMethod {
    /** The only parameter. */
    public static final String BLOCK = Bone.BLOCK;

    /** A C library can keep blocks of less than 32 MiB; larger ones it takes from the system each time. */
    private static final long MOST_BAND_BYTES = 30 << 20;

    /** Checks the fields. */
    public Bat {
        Checks.rank("Bat", rank);
        if (grouping == Grouping.GROUP ? groups < 1 : groups != 0) {
            throw new AdapterException("Bat: the number of groups is at least 1 for group and 0 for col and row, not "
                    + groups + " for " + grouping);
        }
    }

    /** Creates PEFT's Bat, by columns. */
    public Bat(int rank) {
        this(rank, Grouping.COL, 0);
    }

    /** Creates a Bat by columns or rows. */
    public Bat(int rank, Grouping grouping) {
        this(rank, grouping, 0);
    }

    @Override
    public String name() {
        return switch (grouping) {
            case COL -> "bat";
            case ROW -> "bat-row";
            case GROUP -> "bat-group";
        };
    }

    @Override
    public <R> R accept(Visitor<R> visitor) {
        return visitor.bat(this);
    }

    @Override
    public void check(LayerSpec layer) {
        Checks.divides("Bat", rank, layer);
        long blocks = BlockGrid.of(layer, rank, grouping).blocks();
        if (groups > blocks) {
            throw new AdapterException(
                    layer.describe() + ": Bat has " + blocks + " blocks there, too few for " + groups + " groups");
        }
    }

    @Override
    public List<AdapterParameter> parameters(LayerSpec layer) {
        long blocks = grouping == Grouping.GROUP
                ? groups
                : BlockGrid.of(layer, rank, grouping).blocks();
        return List.of(new AdapterParameter(BLOCK, Shape.of(blocks, rank, rank), Initializer.ZEROS));
    }

    @Override
    public List<Evaluation> evaluations() {
        return switch (grouping) {
            case COL -> List.of(Evaluation.FACTORED, Evaluation.SPLIT, Evaluation.FORMED);
            case ROW -> List.of(Evaluation.FACTORED, Evaluation.FORMED);
            case GROUP -> List.of(Evaluation.FORMED);
        };
    }

    @Override
    public Tensor delta(LayerSpec layer, Tensor weight, Map<String, Tensor> parameters) {
        BlockGrid grid = BlockGrid.of(layer, rank, grouping);
        Tensor blocks = blocks(grid, parameters);
        return grid.join(grid.split(weight).matMul(blocks)).add(grid.spread(blocks));
    }

    @Override
    public Optional<Tensor> inverse(LayerSpec layer, Tensor merged, Map<String, Tensor> parameters) {
        BlockGrid grid = BlockGrid.of(layer, rank, grouping);
        Tensor blocks = blocks(grid, parameters);
        Tensor inverse = blocks.add(Tensor.identity(rank, blocks.type())).inverse("I + B");
        Tensor guided = merged.sub(grid.spread(blocks));
        return Optional.of(grid.join(grid.split(guided).matMul(inverse)));
    }

    /** One parameter block for each matrix of {@link BlockGrid#split}. */
    private Tensor blocks(BlockGrid grid, Map<String, Tensor> parameters) {
        return Blocks.repeat(Checks.parameter(parameters, BLOCK), 0, grid.blocks());
    }

    @Override
    public LinearMap adapt(
            LayerSpec layer, LinearMap base, Map<String, Tensor> parameters, Evaluation evaluation, boolean training) {
        BlockGrid grid = BlockGrid.of(layer, rank, grouping);
        Tensor blocks = Checks.parameter(parameters, BLOCK);
        Tensor merged = base.weight().add(delta(layer, base.weight(), parameters));
        if (grouping == Grouping.ROW) {
            return LinearMap.of(merged, (x, addend) -> byRows(grid, base, blocks, x, addend));
        }
        if (evaluation == Evaluation.FACTORED) {
            return LinearMap.of(merged, (x, addend) -> overBlocks(grid, base.weight(), blocks, x, addend));
        }
        return LinearMap.of(merged, (x, addend) -> split(grid, base.weight(), blocks, x, addend));
    }

    private Tensor split(BlockGrid grid, Tensor weight, Tensor blocks, Tensor x, Optional<Tensor> addend) {
        Tensor cut = Blocks.byBlocks(x, rank);
        Tensor sum = Blocks.sum(cut, rank);
        Tensor parts = grid.split(weight);
        long bytes = weight.shape().knownSize() * weight.type().bytes();
        long bands = Math.min(grid.rows(), (bytes + MOST_BAND_BYTES - 1) / MOST_BAND_BYTES);
        List<Tensor> outputs = new ArrayList<>();
        for (long band = 0; band < bands; band++) {
            long begin = band * grid.rows() / bands;
            long end = (band + 1) * grid.rows() / bands;
            Tensor guides = blocks.slice(0, begin, end);
            Tensor guided = parts.slice(0, begin, end);
            LinearMap map = LinearMap.of(guided.addMatMul(guided, guides).reshape((end - begin) * rank, grid.in()));
            Optional<Tensor> added = addend.map(all -> all.slice(all.shape().rank() - 1, begin * rank, end * rank));
            outputs.add(
                    map.apply(cut, added).addMatMul(sum, grid.stacked(guides).transpose()));
        }
        return Tensor.concat(1, outputs);
    }

    private static Tensor byRows(BlockGrid grid, LinearMap base, Tensor blocks, Tensor x, Optional<Tensor> addend) {
        long tokens = x.shape().dim(0);
        Tensor parts = x.reshape(tokens, grid.columns(), grid.size());
        Tensor z = parts.permute(1, 0, 2).matMul(blocks.transpose());
        Tensor moved = parts.add(z.permute(1, 0, 2)).reshape(tokens, grid.in());
        return base.apply(moved, Optional.of(LinearMap.plus(z.sum(0).tile(1, grid.rows()), addend)));
    }

    private static Tensor overBlocks(BlockGrid grid, Tensor weight, Tensor blocks, Tensor x, Optional<Tensor> addend) {
        long tokens = x.shape().dim(0);
        Tensor parts = x.reshape(1, tokens * grid.columns(), grid.size());
        Tensor z = parts.matMul(blocks.transpose());
        Tensor moved = z.add(parts).reshape(grid.rows(), tokens, grid.in());
        Tensor y =
                moved.matMul(weight.reshape(grid.rows(), grid.size(), grid.in()).transpose());
        Tensor sums =
                z.reshape(grid.rows(), tokens, grid.columns(), grid.size()).sum(2);
        return LinearMap.plus(y.add(sums).permute(1, 0, 2).reshape(tokens, grid.out()), addend);
    }
}
