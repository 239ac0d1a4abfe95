package org.bonepeft.merge;

import java.io.IOException;
import java.nio.channels.WritableByteChannel;
import java.util.Map;
import org.bonepeft.adapter.AdapterMethod;
import org.bonepeft.adapter.Dora;
import org.bonepeft.adapter.LayerSpec;
import org.bonepeft.adapter.Lora;
import org.bonepeft.peft.AdapterLayer;
import org.bonepeft.reference.DoubleTensor;
import org.bonepeft.reference.ReferenceBackend;
import org.bonepeft.reference.ReferenceDecompositions;
import org.bonepeft.safetensors.TensorInfo;
import org.bonepeft.safetensors.TensorSource;
import org.bonepeft.tensor.Shape;

/**
 * The weight of an adapted layer in a file.
 *
 * @param layer its sizes, and the path that errors name
 * @param transposed whether the file has it as [in, out]
 */
record LayerWeight(TensorSource source, TensorInfo info, LayerSpec layer, boolean transposed) {
    private int in() {
        return Math.toIntExact(layer.in());
    }

    private int out() {
        return Math.toIntExact(layer.out());
    }

    private RowStream rows() {
        return new RowStream(source, info, transposed ? out() : in(), info.dtype(), layer.path());
    }

    /** Writes the tensor with each row of the weight mapped. */
    void write(RowMap map, Workers workers, WritableByteChannel out) throws IOException {
        if (!transposed) {
            rows().write(map, workers, out);
            return;
        }
        double[] weight = RowMaps.transposed(source.doubles(info.name()), in());
        for (int row = 0; row < out(); row++) {
            map.apply(row, weight, row * in());
        }
        rows().write(column(weight), workers, out);
    }

    /** Returns a map to the columns of the weight. */
    private RowMap column(double[] weight) {
        return (row, w, at) -> {
            for (int o = 0; o < out(); o++) {
                w[at + o] = weight[o * in() + row];
            }
        };
    }

    /** Returns the rows of DeltaW. */
    LowRank.Rows delta(AdapterLayer adapter) {
        RowMap map = onFrozen(adapter.method(), RowMaps.merging(layer, adapter));
        RowStream rows = rows();
        double[] weight = transposed ? RowMaps.transposed(source.doubles(info.name()), in()) : new double[0];
        return (from, to) -> {
            double[] delta = new double[(to - from) * in()];
            if (transposed) {
                System.arraycopy(weight, from * in(), delta, 0, delta.length);
            } else {
                rows.read(from, to, delta);
            }
            double[] before = delta.clone();
            for (int row = from; row < to; row++) {
                map.apply(row, delta, (row - from) * in());
            }
            RowMaps.add(-1, before, 0, delta, 0, delta.length);
            return delta;
        };
    }

    /**
     * Returns a map of the frozen weight that an adapter belongs on: the weight itself or, if its start took something
     * away from that, the residual.
     */
    RowMap onFrozen(AdapterMethod method, RowMap map) {
        Lora lora = method instanceof Lora plain ? plain : method instanceof Dora dora ? dora.lora() : new Lora(1, 1);
        if (!lora.changesWeight()) {
            return map;
        }
        double[] weight = source.doubles(info.name());
        DoubleTensor frozen = DoubleTensor.of(
                Shape.of(layer.out(), layer.in()), transposed ? RowMaps.transposed(weight, in()) : weight);
        double[] residual = lora.weightStart(layer)
                .map(start -> start.evaluate(
                        new ReferenceBackend(), new ReferenceDecompositions(0), Map.of(LayerSpec.WEIGHT, frozen)))
                .map(start -> start.get(LayerSpec.WEIGHT))
                .map(DoubleTensor::toArray)
                .orElseThrow();
        return (row, w, at) -> {
            System.arraycopy(residual, row * in(), w, at, in());
            map.apply(row, w, at);
        };
    }
}
