package org.bonepeft.examples.bench;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.nn.Parameter;
import java.util.Collections;
import java.util.List;
import java.util.Optional;
import org.bonepeft.adapter.AdapterMethod;
import org.bonepeft.djl.AdaptedModel;
import org.bonepeft.djl.generate.GenerationConfig;
import org.bonepeft.djl.generate.Generator;
import org.bonepeft.djl.model.llama.LlamaForCausalLm;
import org.bonepeft.peft.Targets;
import org.bonepeft.tensor.DType;

/** Continues a prompt, always with the most likely token, from a cache of keys and values. */
final class GenerateWork implements Work {
    /** How a method's name ends if its adapter is merged into the weights first. */
    static final String MERGED = "-merged";

    private final NDManager manager;
    private final LlamaForCausalLm model;
    private final int newTokens;
    private final Generator generator;
    private final List<long[]> prompts;
    private double last = Double.NaN;

    GenerateWork(
            NDManager manager,
            Fields work,
            Optional<AdapterMethod> method,
            boolean merged,
            DType type,
            Workloads workloads) {
        this.manager = manager;
        model = LlamaWork.model(manager, work, type, workloads.draws());
        method.ifPresent(adapter -> {
            AdaptedModel adapted =
                    BenchMethod.attach(model, adapter, Targets.of(work.texts("targets")), workloads.draws(), true);
            if (merged) {
                adapted.mergeAndUnload();
            }
        });
        newTokens = work.integer("new_tokens");
        generator = new Generator(
                model, GenerationConfig.builder().setMaxNewTokens(newTokens).build());
        try (NDArray prompt = workloads
                .draws()
                .tokens(
                        manager,
                        "prompt",
                        work.integer("token_low"),
                        model.config().vocabSize(),
                        1,
                        work.integer("prompt"))) {
            prompts = Collections.nCopies(work.integer("batch"), prompt.toLongArray());
        }
    }

    @Override
    public long tokens() {
        return newTokens;
    }

    @Override
    public void step() {
        last = generator.generate(prompts).get(0).tokens().stream()
                .mapToLong(Long::longValue)
                .sum();
    }

    @Override
    public double check() {
        return last;
    }

    @Override
    public long trainable() {
        return model.getParameters().values().stream()
                .filter(Parameter::requiresGradient)
                .mapToLong(parameter -> parameter.getArray().size())
                .sum();
    }

    @Override
    public void close() {
        manager.close();
    }
}
