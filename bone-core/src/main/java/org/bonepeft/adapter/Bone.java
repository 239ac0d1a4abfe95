package org.bonepeft.adapter;

import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.bonepeft.graph.Tensor;
import org.bonepeft.tensor.Shape;

/**
 * {@code DeltaW[o, c] = B[c mod b, o]} (col) or {@code DeltaW[o, c] = B[o mod b, c]} (row): block-affine adaptation, one
 * b x b block repeated along the inputs or along the outputs.
 *
 * <ul>
 *   <li>col: {@code bone [b, out]}; {@code y = x W^T + sum_j(x_j) B}, where x, padded with zeros to a multiple of b, is
 *       cut into blocks x_j of b features. The papers' form, and PEFT's MiSS.
 *   <li>row: {@code bone [b, in]}; {@code y = x W^T + tile(x B^T)}, cut to {@code out} features.
 * </ul>
 *
 * <p>Neither dimension need be a multiple of b. Source: "Bone: Block-Affine Adaptation of Large Language Models";
 * PEFT's {@code tuners.miss.layer.MissLinear} (col).
 *
 * @param rank the block size b, PEFT's r
 * @param grouping which side shares blocks
 * @param dropout the rate at which inputs of the adapter are zeroed in training; col only, as in PEFT
 * @param randomStart kaiming-uniform instead of zeros at the start, PEFT's {@code init_weights=False}
 */
public record Bone(int rank, Grouping grouping, double dropout, boolean randomStart)
        implements AdapterMethod, LoraConvertible {
    /** The only parameter. */
    public static final String BLOCK = "bone";

    /** Checks the fields. */
    public Bone {
        Checks.rank("Bone", rank);
        Checks.colOrRow("Bone", grouping);
        Checks.dropout("Bone", dropout);
        if (dropout > 0 && grouping == Grouping.ROW) {
            throw new AdapterException("Bone by rows has no dropout; use col, or rate 0");
        }
    }

    /** Creates the papers' Bone, by columns, that starts at zero. */
    public Bone(int rank) {
        this(rank, Grouping.COL, 0, false);
    }

    /** Creates a Bone that starts at zero. */
    public Bone(int rank, Grouping grouping) {
        this(rank, grouping, 0, false);
    }

    @Override
    public String name() {
        return grouping == Grouping.COL ? "bone" : "bone-row";
    }

    @Override
    public <R> R accept(Visitor<R> visitor) {
        return visitor.bone(this);
    }

    @Override
    public void check(LayerSpec layer) {}

    @Override
    public List<AdapterParameter> parameters(LayerSpec layer) {
        long length = grouping == Grouping.COL ? layer.out() : layer.in();
        Initializer start = randomStart ? Initializer.KAIMING_UNIFORM : Initializer.ZEROS;
        return List.of(new AdapterParameter(BLOCK, Shape.of(rank, length), start));
    }

    @Override
    public List<Evaluation> evaluations() {
        return List.of(Evaluation.FACTORED, Evaluation.FORMED);
    }

    /** By columns, in training FORMED is no choice: it needs all of x for the backward pass, not just sums of blocks. */
    @Override
    public List<Evaluation> choices(boolean training) {
        return training && grouping == Grouping.COL ? List.of(Evaluation.FACTORED) : evaluations();
    }

    @Override
    public Optional<String> linearParameter() {
        return Optional.of(BLOCK);
    }

    @Override
    public Tensor delta(LayerSpec layer, Tensor weight, Map<String, Tensor> parameters) {
        Tensor block = Checks.parameter(parameters, BLOCK);
        return grouping == Grouping.COL
                ? Blocks.repeat(block.transpose(), 1, layer.in())
                : Blocks.repeat(block, 0, layer.out());
    }

    @Override
    public Optional<Tensor> inverse(LayerSpec layer, Tensor merged, Map<String, Tensor> parameters) {
        return Optional.of(merged.sub(delta(layer, merged, parameters)));
    }

    @Override
    public AdapterMethod method() {
        return this;
    }

    @Override
    public LoraStart.Matrices matrices(LayerSpec layer, Tensor block) {
        Tensor units = Tensor.identity(rank, block.type());
        return grouping == Grouping.COL
                ? new LoraStart.Matrices(Blocks.repeat(units, 1, layer.in()), block.transpose())
                : new LoraStart.Matrices(block, Blocks.repeat(units, 0, layer.out()));
    }

    @Override
    public Tensor block(LayerSpec layer, Tensor a, Tensor b) {
        // A block longer than the side that it repeats along has a part that no weight meets: zeros.
        if (grouping == Grouping.COL) {
            long used = Math.min(rank, layer.in());
            return b.matMul(a.slice(1, 0, used)).transpose().pad(0, 0, rank - used);
        }
        long used = Math.min(rank, layer.out());
        return b.slice(0, 0, used).matMul(a).pad(0, 0, rank - used);
    }

    @Override
    public LinearMap adapt(
            LayerSpec layer, LinearMap base, Map<String, Tensor> parameters, Evaluation evaluation, boolean training) {
        Tensor block = Checks.parameter(parameters, BLOCK);
        Tensor merged = base.weight().add(delta(layer, base.weight(), parameters));
        return LinearMap.of(merged, (x, addend) -> {
            if (grouping == Grouping.COL) {
                Tensor cut = Blocks.byBlocks(x, rank);
                Tensor sum = Blocks.sum(cut.dropout(training ? dropout : 0), rank);
                return base.apply(cut, addend).addMatMul(sum, block);
            }
            Tensor repeated = Blocks.repeat(x.matMul(block.transpose()), 1, layer.out());
            return base.apply(x, Optional.of(LinearMap.plus(repeated, addend)));
        });
    }
}
