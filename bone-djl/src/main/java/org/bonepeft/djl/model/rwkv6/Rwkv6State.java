package org.bonepeft.djl.model.rwkv6;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDArrays;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.NDScope;
import ai.djl.ndarray.types.Shape;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.function.UnaryOperator;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.bonepeft.BoneException;
import org.bonepeft.safetensors.SafetensorsFile;
import org.bonepeft.safetensors.SafetensorsWriter;
import org.bonepeft.safetensors.TensorData;
import org.bonepeft.tensor.DType;

/**
 * All that a model remembers of the tokens that it has read, float32; its size does not depend on their number. The
 * arrays are not changed: more tokens make another state.
 *
 * @param layers what each layer remembers
 */
public record Rwkv6State(List<Layer> layers) implements AutoCloseable {
    private static final List<String> NAMES = List.of("att_shift", "ffn_shift", "wkv");

    /** Creates a state. */
    public Rwkv6State {
        layers = List.copyOf(layers);
    }

    /**
     * What one layer remembers of each row.
     *
     * @param attentionShift the last input of attention, normalised, [batch, C]
     * @param channelShift the last input of the feed-forward part, normalised, [batch, C]
     * @param wkv S, [batch, heads, key, value]
     */
    public record Layer(NDArray attentionShift, NDArray channelShift, NDArray wkv) {
        static Layer of(NDList arrays) {
            return new Layer(arrays.get(0), arrays.get(1), arrays.get(2));
        }

        static Layer zeros(Rwkv6Config config, NDManager manager, long batch) {
            Shape[] shapes = shapes(config, batch);
            return new Layer(manager.zeros(shapes[0]), manager.zeros(shapes[1]), manager.zeros(shapes[2]));
        }

        NDList arrays() {
            return new NDList(attentionShift, channelShift, wkv);
        }
    }

    private static Shape[] shapes(Rwkv6Config config, long batch) {
        Shape shift = new Shape(batch, config.hiddenSize());
        return new Shape[] {shift, shift, new Shape(batch, config.heads(), config.headSize(), config.headSize())};
    }

    /** Returns the state before any token. */
    public static Rwkv6State zeros(Rwkv6Config config, NDManager manager, long batch) {
        return new Rwkv6State(Stream.generate(() -> Layer.zeros(config, manager, batch))
                .limit(config.layers())
                .toList());
    }

    /**
     * Reads what {@link #write} wrote.
     *
     * @throws BoneException if the file is of another model
     * @throws IOException if it cannot be read
     */
    public static Rwkv6State read(Path file, Rwkv6Config config, NDManager manager) throws IOException {
        try (SafetensorsFile tensors = SafetensorsFile.open(file)) {
            return read(tensors, "state.", config, manager);
        }
    }

    static Rwkv6State read(SafetensorsFile file, String prefix, Rwkv6Config config, NDManager manager) {
        List<Layer> layers = new ArrayList<>();
        for (int i = 0; i < config.layers(); i++) {
            NDList arrays = new NDList();
            for (String part : NAMES) {
                String name = name(prefix, i, part);
                Shape shape = new Shape(file.tensor(name).shape().toArray());
                Shape expected = shapes(config, shape.get(0))[arrays.size()];
                if (!shape.equals(expected)) {
                    throw new BoneException(name + " is " + shape + ", expected " + expected + " in this model");
                }
                try (NDArray view = manager.create(file.floats(name), shape)) {
                    arrays.add(view.duplicate());
                }
            }
            layers.add(Layer.of(arrays));
        }
        return new Rwkv6State(layers);
    }

    /** Writes {@code state.blocks.0.att_shift}, {@code .ffn_shift}, {@code .wkv} and so on as safetensors, atomically. */
    public void write(Path file) throws IOException {
        List<TensorData> tensors = new ArrayList<>();
        for (int i = 0; i < layers.size(); i++) {
            NDList arrays = layers.get(i).arrays();
            for (int part = 0; part < NAMES.size(); part++) {
                NDArray array = arrays.get(part);
                tensors.add(new TensorData(
                        name("state.", i, NAMES.get(part)),
                        DType.F32,
                        org.bonepeft.tensor.Shape.of(array.getShape().getShape()),
                        out -> out.write(array.toByteBuffer())));
            }
        }
        SafetensorsWriter.write(file, tensors, Map.of());
    }

    private static String name(String prefix, int layer, String part) {
        return prefix + "blocks." + layer + "." + part;
    }

    /** Returns the number of rows. */
    public long batch() {
        return layers.get(0).wkv().getShape().get(0);
    }

    /** Returns some of the rows, in this order, as new arrays. */
    Rwkv6State rows(int[] rows) {
        NDManager manager = layers.get(0).wkv().getManager();
        try (NDArray index = manager.create(IntStream.of(rows).asLongStream().toArray())) {
            return map(array -> array.get(index));
        }
    }

    /** Returns the rows of all states, one after the other, as new arrays. */
    static Rwkv6State concat(List<Rwkv6State> states) {
        List<Layer> layers = new ArrayList<>();
        for (int i = 0; i < states.get(0).layers().size(); i++) {
            NDList joined = new NDList();
            for (int part = 0; part < NAMES.size(); part++) {
                NDList rows = new NDList();
                for (Rwkv6State state : states) {
                    rows.add(state.layers().get(i).arrays().get(part));
                }
                joined.add(NDArrays.concat(rows, 0));
            }
            layers.add(Layer.of(joined));
        }
        return new Rwkv6State(layers);
    }

    /** Returns a copy that belongs to another manager, and to no {@link NDScope}. */
    public Rwkv6State copy(NDManager manager) {
        return map(array -> {
            NDArray copy = array.duplicate();
            NDScope.unregister(copy);
            copy.attach(manager);
            return copy;
        });
    }

    private Rwkv6State map(UnaryOperator<NDArray> function) {
        return new Rwkv6State(layers.stream()
                .map(layer -> new Layer(
                        function.apply(layer.attentionShift()),
                        function.apply(layer.channelShift()),
                        function.apply(layer.wkv())))
                .toList());
    }

    @Override
    public void close() {
        layers.forEach(layer -> layer.arrays().close());
    }
}
