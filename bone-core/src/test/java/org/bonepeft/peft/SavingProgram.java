package org.bonepeft.peft;

import java.io.IOException;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.bonepeft.adapter.AdapterParameter;
import org.bonepeft.adapter.LayerSpec;
import org.bonepeft.adapter.Lora;

/** A program that saves one adapter after the other into one directory, until somebody kills it. */
final class SavingProgram {
    /** Two adapters whose tensors have the same names and shapes, so that no shape betrays a mixture. */
    static final PeftAdapter OLD = adapter(new Lora(2, 2), 1);

    static final PeftAdapter NEW = adapter(new Lora(2, 64), 2);

    private SavingProgram() {}

    private static PeftAdapter adapter(Lora lora, float value) {
        LayerSpec layer = new LayerSpec("q_proj", 16, 16, false);
        Map<String, AdapterTensor> parameters = new LinkedHashMap<>();
        for (AdapterParameter parameter : lora.parameters(layer)) {
            float[] values = new float[(int) parameter.shape().size()];
            Arrays.fill(values, value);
            parameters.put(parameter.name(), new AdapterTensor(parameter.shape(), values));
        }
        PeftConfig config = PeftConfig.of(lora, Targets.of(List.of(layer.path())));
        return new PeftAdapter(config, Map.of(layer.path(), new AdapterLayer(lora, parameters)), Map.of());
    }

    public static void main(String[] args) throws IOException {
        Path target = Path.of(args[0]);
        NEW.write(target);
        System.out.println("saving");
        for (int i = 0; ; i++) {
            (i % 2 == 0 ? OLD : NEW).write(target);
        }
    }
}
