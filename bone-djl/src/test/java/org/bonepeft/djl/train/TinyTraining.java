package org.bonepeft.djl.train;

import ai.djl.ndarray.NDManager;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import org.bonepeft.adapter.AdapterMethod;
import org.bonepeft.djl.AdaptedModel;
import org.bonepeft.djl.AdapterConfig;
import org.bonepeft.djl.Adapters;
import org.bonepeft.djl.model.llama.LlamaConfig;
import org.bonepeft.djl.model.llama.LlamaForCausalLm;
import org.bonepeft.peft.Targets;

/** A LLaMA of a few thousand parameters with an adapter, and sequences of different lengths to train it on. */
final class TinyTraining implements AutoCloseable {
    static final int VOCABULARY = 19;

    final NDManager manager = NDManager.newBaseManager();
    final LlamaForCausalLm model;
    final AdaptedModel adapted;

    TinyTraining(AdapterMethod method, double dropout) {
        LlamaConfig config = LlamaConfig.builder()
                .setVocabSize(VOCABULARY)
                .setHiddenSize(16)
                .setIntermediateSize(24)
                .setLayers(3)
                .setHeads(4)
                .optKeyValueHeads(2)
                .optMaxPositions(64)
                .optInitializerRange(0.3)
                .optAttentionDropout(dropout)
                .build();
        model = LlamaForCausalLm.create(config, manager, 7);
        adapted = Adapters.attach(
                model,
                AdapterConfig.builder()
                        .setMethod(method)
                        .setTargets(Targets.of(Targets.ALL_LINEAR))
                        .build());
    }

    /** Prompts of 1 to 5 tokens with responses of 1 to 8. */
    static TrainingData<TokenBatch> data(int size) {
        Random random = new Random(5);
        List<TokenBatch.Sequence> sequences = new ArrayList<>();
        for (int i = 0; i < size; i++) {
            sequences.add(TokenBatch.Sequence.of(tokens(random, 5), tokens(random, 8)));
        }
        return TrainingData.of(sequences, some -> TokenBatch.of(some, 0));
    }

    private static long[] tokens(Random random, int most) {
        return random.longs(1 + random.nextInt(most), 1, VOCABULARY).toArray();
    }

    static TrainingConfig.Builder config() {
        return TrainingConfig.builder()
                .setBatchSize(6)
                .setSteps(8)
                .setLearningRate(0.02)
                .optSchedule(Schedule.cosine().withWarmUp(2))
                .optOptimizer(AdamWConfig.defaults().withWeightDecay(0.1, true));
    }

    FineTuner.Builder<LlamaForCausalLm, TokenBatch> tuner(TrainingConfig config) {
        return FineTuner.builder(model, Objective.<LlamaForCausalLm>nextToken())
                .setData(data(20))
                .setConfig(config);
    }

    /** The values of all trainable parameters. */
    Map<String, float[]> values() {
        Map<String, float[]> values = new LinkedHashMap<>();
        Trainable.of(model).forEach((name, array) -> values.put(name, array.toFloatArray()));
        return values;
    }

    @Override
    public void close() {
        manager.close();
    }
}
