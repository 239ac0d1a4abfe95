package org.bonepeft.examples.plan;

import java.util.LinkedHashMap;
import java.util.Map;
import java.util.function.ToDoubleFunction;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.bonepeft.djl.model.CausalLm;
import org.bonepeft.djl.model.LinearShape;
import org.bonepeft.djl.model.ModelBlock;
import org.bonepeft.djl.model.llama.LlamaForCausalLm;
import org.bonepeft.djl.model.roberta.RobertaForSequenceClassification;
import org.bonepeft.djl.model.rwkv6.Rwkv6ForCausalLm;
import org.bonepeft.djl.torch.Kernels;

/**
 * What the activations of a training step take at their peak, in bytes. A layer keeps for its backward pass
 *
 * <ul>
 *   <li>the outputs of its linears; those that are added to the stream count as the stream, of which a root-mean-square
 *       norm keeps float32 whatever the type,
 *   <li>what attention keeps: its output, or its weights, see {@link AttentionWeights},
 *   <li>the activated gate of a gated MLP,
 *   <li>in RoBERTa the masks of its dropout,
 *   <li>the inputs of its adapted linears, and what these keep beside them.
 * </ul>
 *
 * <p>The last layer of RoBERTa's classifier, computed for the first tokens only, keeps little and is gone when the peak
 * comes.
 *
 * <p>On top of all layers come the head, and what the backward pass of one layer needs at a time.
 *
 * @param kept as it is
 * @param recomputed if the layers are computed again: their inputs, and all of one layer
 */
public record Activations(double kept, double recomputed) {
    private static final Pattern LAYER = Pattern.compile("(.*?layers?\\.\\d+|.*?blocks\\.\\d+)\\.(.*)");

    /** What the engine takes beside tensors, measured between 1 and 4 MiB; it counts with small models only. */
    private static final double ENGINE = 2.0 * (1 << 20);

    /**
     * Estimates.
     *
     * @param adapted what is not frozen, by path
     * @param sequences of a micro-batch
     * @param elementBytes of the model's type
     */
    static Activations of(
            ModelBlock model, Map<String, LayerActivations.Adapted> adapted, Sequences sequences, int elementBytes) {
        LayerActivations.Model common = new LayerActivations.Model(
                sequences.tokens(),
                elementBytes,
                model instanceof LlamaForCausalLm ? Float.BYTES : elementBytes,
                model instanceof RobertaForSequenceClassification,
                model instanceof RobertaForSequenceClassification roberta
                        && roberta.config().hiddenDropout() > 0,
                AttentionWeights.of(model, sequences, elementBytes));
        Map<String, LayerActivations> layers = new LinkedHashMap<>();
        double above = head(model, sequences.tokens(), elementBytes);
        for (LinearShape linear : model.linears()) {
            LayerActivations.Adapted own = adapted.getOrDefault(linear.path(), LayerActivations.Adapted.NOT);
            Matcher matcher = LAYER.matcher(linear.path());
            if (matcher.matches()) {
                layers.computeIfAbsent(matcher.group(1), path -> new LayerActivations(common))
                        .add(matcher.group(2), linear, own);
            } else {
                above += own.own() + own.shared();
            }
        }
        if (model instanceof RobertaForSequenceClassification roberta && layers.size() > 1) {
            layers.keySet()
                    .removeIf(path -> path.endsWith("." + (roberta.config().layers() - 1)));
        }
        double stream = most(layers, LayerActivations::stream);
        above += 2 * stream;
        double all =
                layers.values().stream().mapToDouble(LayerActivations::kept).sum();
        double backward = Math.max(
                most(layers, LayerActivations::mlpBackward), common.weights().backward());
        boolean inParts = adapted.values().stream().anyMatch(LayerActivations.Adapted::weight)
                && !(model instanceof Rwkv6ForCausalLm);
        return new Activations(
                ENGINE + all + Math.max(above, backward),
                ENGINE + layers.size() * stream + Math.max(above, most(layers, layer -> layer.again(inParts))));
    }

    private static double most(Map<String, LayerActivations> layers, ToDoubleFunction<LayerActivations> bytes) {
        return layers.values().stream().mapToDouble(bytes).max().orElse(0);
    }

    /**
     * A language model's loss has logits, and their gradient, of a part of the tokens at a time; in half precision in
     * float32 too, before and after the softmax.
     */
    private static double head(ModelBlock model, long tokens, int elementBytes) {
        if (!(model instanceof CausalLm lm)) {
            return 0;
        }
        double rows = Math.min(tokens, Kernels.chunkRows(lm.vocabSize()));
        int copies = elementBytes < Float.BYTES ? 2 : 1;
        return rows * lm.vocabSize() * (elementBytes + copies * Float.BYTES);
    }
}
