package org.bonepeft.djl.model.llama;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import java.util.Map;
import org.bonepeft.djl.AdaptedModel;
import org.bonepeft.djl.AdapterConfig;
import org.bonepeft.djl.Adapters;
import org.bonepeft.djl.LayerAdapter;
import org.bonepeft.djl.model.ModelBlock;
import org.bonepeft.peft.AdapterTensor;
import org.bonepeft.peft.PeftAdapter;

/** Puts adapters that were read from files into a model. */
final class PeftAdapters {
    private PeftAdapters() {}

    static AdaptedModel attach(ModelBlock model, PeftAdapter adapter, NDManager manager) {
        AdapterConfig.Builder config = AdapterConfig.builder()
                .setMethod(adapter.config().method())
                .setTargets(adapter.config().targets());
        adapter.layers().forEach((path, layer) -> config.optMethodFor(path.replace(".", "\\."), layer.method()));
        AdaptedModel adapted = Adapters.attach(model, config.build());
        adapted.layers().forEach((path, layer) -> {
            LayerAdapter target = layer.adapters().get("default");
            Map<String, AdapterTensor> tensors = adapter.layers().get(path).parameters();
            tensors.forEach((name, tensor) -> {
                try (NDArray values =
                        manager.create(tensor.values(), new Shape(tensor.shape().toArray()))) {
                    target.assign(name, values);
                }
            });
        });
        return adapted;
    }
}
