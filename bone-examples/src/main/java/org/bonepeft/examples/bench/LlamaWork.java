package org.bonepeft.examples.bench;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import ai.djl.nn.AbstractBlock;
import ai.djl.nn.Block;
import ai.djl.training.ParameterStore;
import ai.djl.util.PairList;
import java.util.Objects;
import java.util.Optional;
import org.bonepeft.adapter.AdapterMethod;
import org.bonepeft.djl.model.llama.LlamaConfig;
import org.bonepeft.djl.model.llama.LlamaForCausalLm;
import org.bonepeft.djl.model.llama.LlamaModel;
import org.bonepeft.peft.Targets;
import org.bonepeft.tensor.DType;
import org.jspecify.annotations.Nullable;

/** Trains a LLaMA to tell the next token of its input. */
final class LlamaWork {
    private static final String FIRST = "layers.0";

    private LlamaWork() {}

    static Work of(NDManager manager, Fields work, Optional<AdapterMethod> method, DType type, Workloads workloads) {
        LlamaForCausalLm model = model(manager, work, type, workloads.draws());
        method.ifPresentOrElse(
                adapter ->
                        BenchMethod.attach(model, adapter, Targets.of(work.texts("targets")), workloads.draws(), false),
                () -> leadGradientToEmbedding(model.decoder()));
        int batch = work.integer("batch");
        int sequence = work.integer("sequence");
        NDArray ids = workloads
                .draws()
                .tokens(
                        manager,
                        "input_ids",
                        work.integer("token_low"),
                        model.config().vocabSize(),
                        batch,
                        sequence);
        ParameterStore store = new ParameterStore(manager, false);
        return new TrainWork(
                manager,
                model,
                (long) batch * sequence,
                () -> model.loss(store, new NDList(ids), ids, true),
                workloads.optimizer());
    }

    /** Returns the model of a case with its weights, frozen. */
    static LlamaForCausalLm model(NDManager manager, Fields work, DType type, Draws draws) {
        LlamaForCausalLm model = new LlamaForCausalLm(config(work.object("config")));
        draws.fill(model, manager, type);
        model.initialize(manager, DataType.FLOAT32, new Shape(1, 1));
        model.freezeParameters(true);
        return model;
    }

    private static LlamaConfig config(Fields config) {
        return LlamaConfig.builder()
                .setVocabSize(config.integer("vocab_size"))
                .setHiddenSize(config.integer("hidden_size"))
                .setIntermediateSize(config.integer("intermediate_size"))
                .setLayers(config.integer("num_hidden_layers"))
                .setHeads(config.integer("num_attention_heads"))
                .optKeyValueHeads(config.integer("num_key_value_heads"))
                .optMaxPositions(config.integer("max_position_embeddings"))
                .optRmsNormEps(config.number("rms_norm_eps"))
                .optTied(config.flag("tie_word_embeddings"))
                .optAttentionDropout(config.number("attention_dropout"))
                .build();
    }

    /** Lets a frozen model go backward as far as the output of its embedding: the floor of any adapter. */
    private static void leadGradientToEmbedding(LlamaModel decoder) {
        decoder.replaceChild(
                FIRST, new Leaf(Objects.requireNonNull(decoder.namedChildren().get(FIRST))));
    }

    /** A layer whose first input wants a gradient. */
    private static final class Leaf extends AbstractBlock {
        private final Block layer;

        Leaf(Block layer) {
            super((byte) 1);
            this.layer = layer;
        }

        @Override
        protected NDList forwardInternal(
                ParameterStore store, NDList inputs, boolean training, @Nullable PairList<String, Object> params) {
            inputs.get(0).setRequiresGradient(training);
            return layer.forward(store, inputs, training, params);
        }

        @Override
        public Shape[] getOutputShapes(Shape[] inputs) {
            return layer.getOutputShapes(inputs);
        }
    }
}
