package org.bonepeft.adapter;

import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.bonepeft.graph.Tensor;
import org.bonepeft.tensor.Shape;

/**
 * {@code DeltaW[o, c] = B[c mod b, o mod m]}: Bone by columns on m outputs, repeated along all outputs.
 *
 * <p>{@code bone [b, m]}; {@code y = x W^T + tile(sum_j(x_j) B)}, where x, padded with zeros to a multiple of b, is cut
 * into blocks x_j of b features. m must divide the outputs. Source: "MiSS: Revisiting the Trade-off in LoRA with an
 * Efficient Shard-Sharing Structure"; PEFT's {@code tuners.miss.layer.MissLinear} with {@code init_weights="mini"}.
 *
 * @param rank the block size b, PEFT's r
 * @param miniRank m, PEFT's mini_r
 * @param dropout the rate at which inputs of the adapter are zeroed in training
 */
public record MissMini(int rank, int miniRank, double dropout) implements AdapterMethod, LoraConvertible {
    /** The only parameter. */
    public static final String BLOCK = Bone.BLOCK;

    /** Checks the fields. */
    public MissMini {
        Checks.rank("MiSS-mini", rank);
        Checks.rank("MiSS-mini", miniRank);
        Checks.dropout("MiSS-mini", dropout);
    }

    /** Creates a MiSS-mini without dropout. */
    public MissMini(int rank, int miniRank) {
        this(rank, miniRank, 0);
    }

    @Override
    public String name() {
        return "miss-mini";
    }

    @Override
    public <R> R accept(Visitor<R> visitor) {
        return visitor.missMini(this);
    }

    @Override
    public void check(LayerSpec layer) {
        if (layer.out() % miniRank != 0) {
            throw new AdapterException(layer.describe() + ": MiSS-mini needs the mini rank " + miniRank
                    + " to divide the outputs; " + Checks.divisorsNear(miniRank, layer.out()) + " would");
        }
    }

    @Override
    public List<AdapterParameter> parameters(LayerSpec layer) {
        return List.of(new AdapterParameter(BLOCK, Shape.of(rank, miniRank), Initializer.ZEROS));
    }

    @Override
    public List<Evaluation> evaluations() {
        return List.of(Evaluation.FACTORED, Evaluation.FORMED);
    }

    /** In training FORMED is no choice: it needs all of x for the backward pass, not just sums of blocks. */
    @Override
    public List<Evaluation> choices(boolean training) {
        return training ? List.of(Evaluation.FACTORED) : evaluations();
    }

    @Override
    public Optional<String> linearParameter() {
        return Optional.of(Bone.BLOCK);
    }

    @Override
    public Tensor delta(LayerSpec layer, Tensor weight, Map<String, Tensor> parameters) {
        Tensor rows = Blocks.repeat(Checks.parameter(parameters, BLOCK).transpose(), 1, layer.in());
        return rows.tile(0, layer.out() / miniRank);
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
        return new LoraStart.Matrices(
                Blocks.repeat(Tensor.identity(rank, block.type()), 1, layer.in()),
                block.transpose().tile(0, layer.out() / miniRank));
    }

    @Override
    public Tensor block(LayerSpec layer, Tensor a, Tensor b) {
        long used = Math.min(rank, layer.in());
        Tensor first = b.slice(0, 0, miniRank).matMul(a.slice(1, 0, used));
        return first.transpose().pad(0, 0, rank - used);
    }

    @Override
    public LinearMap adapt(
            LayerSpec layer, LinearMap base, Map<String, Tensor> parameters, Evaluation evaluation, boolean training) {
        Tensor block = Checks.parameter(parameters, BLOCK);
        Tensor merged = base.weight().add(delta(layer, base.weight(), parameters));
        return LinearMap.of(merged, (x, addend) -> {
            Tensor cut = Blocks.byBlocks(x, rank);
            Tensor low = Blocks.sum(cut.dropout(training ? dropout : 0), rank).matMul(block);
            Tensor repeated = low.tile(1, layer.out() / miniRank);
            return base.apply(cut, Optional.of(LinearMap.plus(repeated, addend)));
        });
    }
}
