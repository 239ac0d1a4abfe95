package org.bonepeft.testkit;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.Test;

class LayerCaseTest {
    @Test
    void everyLayer_mergedIsWeightPlusDelta() throws IOException {
        List<Path> layers = GoldenFolder.get().layers();
        Assumptions.assumeFalse(layers.isEmpty(), "no golden layers");
        for (Path file : layers) {
            LayerCase layer = LayerCase.read(file);
            double[] sum = layer.tensor("weight").values().clone();
            double[] delta = layer.tensor("delta").values();
            for (int i = 0; i < sum.length; i++) {
                sum[i] += delta[i];
            }
            Tolerance.FLOAT64.check(layer.name(), layer.tensor("merged").values(), sum);
            assertThat(layer.params().keySet())
                    .isEqualTo(layer.grads().keySet())
                    .isNotEmpty();
            assertThat(layer.method()).isNotBlank();
            assertThat(layer.config()).containsKey("r");
        }
    }
}
