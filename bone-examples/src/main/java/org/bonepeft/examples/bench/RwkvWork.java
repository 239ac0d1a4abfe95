package org.bonepeft.examples.bench;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import ai.djl.training.ParameterStore;
import java.util.Optional;
import org.bonepeft.BoneException;
import org.bonepeft.adapter.AdapterMethod;
import org.bonepeft.djl.model.rwkv6.Rwkv6Config;
import org.bonepeft.djl.model.rwkv6.Rwkv6ForCausalLm;
import org.bonepeft.peft.Targets;
import org.bonepeft.tensor.DType;

/** Trains an RWKV-6 to tell the next token of its input. */
final class RwkvWork {
    private RwkvWork() {}

    static Work of(NDManager manager, Fields work, Optional<AdapterMethod> method, DType type, Workloads workloads) {
        AdapterMethod adapter =
                method.orElseThrow(() -> new BoneException("RWKV-6 without adapter is no case; choose a method"));
        Fields config = work.object("config");
        Rwkv6ForCausalLm model = new Rwkv6ForCausalLm(Rwkv6Config.of(
                config.integer("vocab_size"),
                config.integer("n_embd"),
                config.integer("n_layer"),
                config.integer("head_size")));
        workloads.draws().fill(model, manager, type);
        model.initialize(manager, DataType.FLOAT32, new Shape(1, 1));
        model.freezeParameters(true);
        BenchMethod.attach(model, adapter, Targets.of(work.texts("targets")), workloads.draws(), false);
        int batch = work.integer("batch");
        int sequence = work.integer("sequence");
        NDArray ids = workloads
                .draws()
                .tokens(manager, "input_ids", work.integer("token_low"), model.vocabSize(), batch, sequence);
        ParameterStore store = new ParameterStore(manager, false);
        return new TrainWork(
                manager,
                model,
                (long) batch * sequence,
                () -> model.loss(store, new NDList(ids), ids, true),
                workloads.optimizer());
    }
}
