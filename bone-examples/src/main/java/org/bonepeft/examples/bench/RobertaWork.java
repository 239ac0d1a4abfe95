package org.bonepeft.examples.bench;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import ai.djl.training.ParameterStore;
import java.util.Optional;
import java.util.stream.IntStream;
import org.bonepeft.BoneException;
import org.bonepeft.adapter.AdapterMethod;
import org.bonepeft.djl.model.CrossEntropyLoss;
import org.bonepeft.djl.model.roberta.RobertaConfig;
import org.bonepeft.djl.model.roberta.RobertaForSequenceClassification;
import org.bonepeft.djl.torch.Kernels;
import org.bonepeft.peft.Targets;
import org.bonepeft.tensor.DType;

/** Trains a RoBERTa that classifies rows by their index modulo 2. */
final class RobertaWork {
    private RobertaWork() {}

    static Work of(NDManager manager, Fields work, Optional<AdapterMethod> method, DType type, Workloads workloads) {
        Fields config = work.object("config");
        RobertaForSequenceClassification model = new RobertaForSequenceClassification(config(config));
        workloads.draws().fill(model, manager, type);
        model.initialize(manager, DataType.FLOAT32, new Shape(1, 1));
        BenchMethod.attach(
                model,
                method.orElseThrow(() -> new BoneException("a RoBERTa without adapter is no case; choose a method")),
                Targets.of(work.texts("targets")),
                workloads.draws(),
                false,
                "classifier");
        int batch = work.integer("batch");
        int sequence = work.integer("sequence");
        NDArray ids = workloads
                .draws()
                .tokens(manager, "input_ids", work.integer("token_low"), config.integer("vocab_size"), batch, sequence);
        NDArray labels = manager.create(
                IntStream.range(0, batch).mapToLong(row -> row % 2).toArray());
        ParameterStore store = new ParameterStore(manager, false);
        Kernels kernels = Kernels.of(manager);
        return new TrainWork(
                manager,
                model,
                (long) batch * sequence,
                () -> kernels.crossEntropy(
                        model.forward(store, new NDList(ids), true).singletonOrThrow(),
                        labels,
                        CrossEntropyLoss.IGNORED,
                        Kernels.Reduction.MEAN),
                workloads.optimizer());
    }

    private static RobertaConfig config(Fields config) {
        return RobertaConfig.builder()
                .setVocabSize(config.integer("vocab_size"))
                .setHiddenSize(config.integer("hidden_size"))
                .setLayers(config.integer("num_hidden_layers"))
                .setHeads(config.integer("num_attention_heads"))
                .setIntermediateSize(config.integer("intermediate_size"))
                .optDropout(config.number("hidden_dropout_prob"), config.number("attention_probs_dropout_prob"))
                .optMaxPositions(config.integer("max_position_embeddings"))
                .optTypeVocabSize(config.integer("type_vocab_size"))
                .optLayerNormEps(config.number("layer_norm_eps"))
                .optTokenIds(0, config.integer("pad_token_id"), 2)
                .build();
    }
}
