package org.bonepeft.merge;

import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.bonepeft.BoneException;
import org.bonepeft.adapter.AdapterMethod;
import org.bonepeft.adapter.Dora;
import org.bonepeft.adapter.LayerSpec;
import org.bonepeft.peft.AdapterLayer;
import org.bonepeft.peft.AdapterTensor;
import org.bonepeft.testkit.GoldenFolder;
import org.bonepeft.testkit.GoldenMethods;
import org.bonepeft.testkit.LayerCase;
import org.bonepeft.testkit.Tolerance;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.TestFactory;

/** Rows of the golden layers; parameters are rounded to float32 there, as in adapter files. */
class GoldenRowMapTest {
    @TestFactory
    Stream<DynamicTest> goldenLayer_rowByRow() throws IOException {
        List<Path> layers = GoldenFolder.get().layers();
        Assumptions.assumeFalse(layers.isEmpty(), "no golden layers");
        return layers.stream()
                .map(file -> DynamicTest.dynamicTest(file.getFileName().toString(), () -> {
                    LayerCase layer = LayerCase.read(file);
                    AdapterMethod method = GoldenMethods.of(layer).orElse(null);
                    Assumptions.assumeTrue(method != null, "bone has no method " + layer.method());
                    check(layer, method);
                }));
    }

    private static void check(LayerCase layer, AdapterMethod method) {
        LayerCase.Array weight = layer.tensor("weight");
        LayerSpec spec = new LayerSpec(
                layer.name(), weight.shape().dim(1), weight.shape().dim(0), true);
        Map<String, AdapterTensor> parameters = new LinkedHashMap<>();
        layer.params().forEach((name, array) -> parameters.put(name, narrow(array)));
        AdapterLayer adapter = new AdapterLayer(method, parameters);
        double[] merged = apply(RowMaps.merging(spec, adapter), spec, weight.values());
        Tolerance.FLOAT32.check(layer.name(), merged, layer.tensor("merged").values());
        if (method instanceof Dora) {
            assertThatThrownBy(() -> RowMaps.unmerging(spec, adapter))
                    .isInstanceOf(BoneException.class)
                    .hasMessageContaining("does not determine the weight before");
        } else {
            double[] back = apply(RowMaps.unmerging(spec, adapter), spec, merged);
            Tolerance.FLOAT64.check(layer.name() + ", unmerged", back, weight.values());
        }
    }

    private static AdapterTensor narrow(LayerCase.Array array) {
        float[] values = new float[array.values().length];
        for (int i = 0; i < values.length; i++) {
            values[i] = (float) array.values()[i];
        }
        return new AdapterTensor(array.shape(), values);
    }

    private static double[] apply(RowMap map, LayerSpec layer, double[] weight) {
        double[] result = weight.clone();
        for (int row = 0; row < layer.out(); row++) {
            map.apply(row, result, (int) (row * layer.in()));
        }
        return result;
    }
}
