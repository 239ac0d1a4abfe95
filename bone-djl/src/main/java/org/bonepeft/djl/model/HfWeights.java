package org.bonepeft.djl.model;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.NDScope;
import ai.djl.ndarray.index.NDIndex;
import ai.djl.ndarray.types.DataType;
import ai.djl.nn.Parameter;
import ai.djl.training.initializer.Initializer;
import com.google.gson.GsonBuilder;
import com.google.gson.JsonObject;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.FileSystemException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import java.util.function.Predicate;
import org.bonepeft.BoneException;
import org.bonepeft.djl.torch.TorchAutograd;
import org.bonepeft.djl.torch.TorchEngine;
import org.bonepeft.djl.torch.TorchTypes;
import org.bonepeft.io.AtomicFile;
import org.bonepeft.safetensors.SafetensorsWriter;
import org.bonepeft.safetensors.ShardedSafetensors;
import org.bonepeft.safetensors.TensorData;
import org.bonepeft.safetensors.TensorInfo;
import org.bonepeft.safetensors.TensorSource;
import org.bonepeft.tensor.DType;
import org.bonepeft.tensor.Shape;

/** The weights in a Hugging Face directory, from and into a {@link ModelBlock}. */
public final class HfWeights {
    private static final int PART_BYTES = 1 << 28;

    private HfWeights() {}

    /**
     * What a file may have or lack although the block has no tensor of this name, or has one.
     *
     * @param basePrefix how the names of the base model begin, as {@code roberta.}; a file in which none begins so holds
     *     the base model alone, and its names are read as if they did
     * @param ignored names (with the prefix) that the file may have and the block has no use for
     * @param optional tensors of the block that the file may lack, all of them or none: a head
     */
    public record Rules(String basePrefix, Predicate<String> ignored, Predicate<String> optional) {}

    /**
     * Gives every parameter of the model the tensor of its name: the bytes are copied, F64, F16 and BF16 become float32.
     * Nothing is allocated before names, types and shapes of all are checked.
     *
     * @return the names of the parameters that the file lacks as {@code rules} allow; they have their initializer's values
     * @throws BoneException naming a tensor that is missing, unexpected, of another shape or not floating
     * @throws IOException if a file cannot be read
     */
    public static List<String> load(ModelBlock model, Path directory, NDManager manager, Rules rules)
            throws IOException {
        try (TensorSource source = ShardedSafetensors.open(directory)) {
            return load(model, directory, source, manager, rules, DType.F32);
        }
    }

    /**
     * As {@link #load}, but tensors that have the type in the file are not copied: their arrays are the mapped file
     * itself, read when they are first used. What is written to them, by merging or training, stays in memory. Nobody
     * may change the file in place while the model lives; replacing it does no harm. A file that cannot be mapped so,
     * because it may not be written, and a manager of another device, get copies.
     *
     * @param type F32, or BF16 where the engine is PyTorch
     * @throws BoneException as {@link #load}, or if the engine does not have the type
     */
    public static List<String> map(ModelBlock model, Path directory, NDManager manager, Rules rules, DType type)
            throws IOException {
        if (type != DType.F32 && !(type == DType.BF16 && TorchEngine.serves(manager))) {
            throw new BoneException("weights cannot be " + type + " in "
                    + manager.getEngine().getEngineName() + "; expected F32, or with PyTorch BF16");
        }
        try (TensorSource source = open(directory)) {
            return load(model, directory, source, manager, rules, type);
        }
    }

    private static TensorSource open(Path directory) throws IOException {
        try {
            return ShardedSafetensors.openCopyOnWrite(directory);
        } catch (FileSystemException e) {
            return ShardedSafetensors.open(directory);
        }
    }

    private static List<String> load(
            ModelBlock model, Path directory, TensorSource source, NDManager manager, Rules rules, DType type) {
        Names names = new Names(directory, source, rules);
        List<String> absent = names.check(model.tensors());
        model.tensors().forEach((name, parameter) -> {
            if (!absent.contains(name)) {
                Initializer before = parameter.getInitializer();
                parameter.setInitializer((m, shape, djl) -> read(source, names.inFile(name), m, shape, type));
                parameter.initialize(manager, DataType.FLOAT32);
                parameter.setInitializer(before);
            }
        });
        return absent;
    }

    /**
     * Writes {@code config.json} and {@code model.safetensors} into a directory, which is made if need be.
     *
     * @param names the parameters to write, of those the model has
     */
    public static void save(ModelBlock model, Set<String> names, JsonObject config, Path directory) throws IOException {
        Files.createDirectories(directory);
        List<TensorData> tensors = new ArrayList<>();
        model.tensors().forEach((name, parameter) -> {
            if (names.contains(name)) {
                NDArray array = parameter.getArray();
                Shape shape = Shape.of(array.getShape().getShape());
                tensors.add(new TensorData(name, TorchTypes.of(array), shape, out -> {
                    try (NDScope copies = new NDScope()) {
                        copies.suppressNotUsedWarning();
                        out.write(TorchTypes.bytes(array));
                    }
                }));
            }
        });
        SafetensorsWriter.write(directory.resolve("model.safetensors"), tensors, Map.of("format", "pt"));
        String json =
                new GsonBuilder().setPrettyPrinting().serializeNulls().create().toJson(config) + '\n';
        AtomicFile.write(
                directory.resolve(HfConfig.FILE),
                channel -> channel.write(ByteBuffer.wrap(json.getBytes(StandardCharsets.UTF_8))));
    }

    /** Returns an initializer of values from N(0, deviation^2), drawn from {@code random} in the order of the calls. */
    public static Initializer normal(Random random, double deviation) {
        return (manager, shape, type) -> {
            float[] values = new float[Math.toIntExact(shape.size())];
            for (int i = 0; i < values.length; i++) {
                values[i] = (float) (deviation * random.nextGaussian());
            }
            return owned(manager.create(values, shape));
        };
    }

    private static NDArray read(
            TensorSource source, String name, NDManager manager, ai.djl.ndarray.types.Shape shape, DType type) {
        TensorInfo info = source.tensor(name);
        if (!TorchEngine.serves(manager) || info.dtype() == DType.F64) {
            NDArray values = owned(manager.create(source.floats(name), shape));
            if (type == DType.F32) {
                return values;
            }
            try (values) {
                return TorchAutograd.with(false, () -> TorchTypes.cast(values, type));
            }
        }
        if (info.dtype() == type
                && info.byteSize() <= Integer.MAX_VALUE
                && !manager.getDevice().isGpu()) {
            ByteBuffer bytes = source.bytes(name);
            if (!bytes.isReadOnly() && bytes.alignmentOffset(0, type.bytes()) == 0) {
                return type == DType.BF16
                        ? TorchTypes.view(manager, bytes, info.shape())
                        : manager.create(bytes, shape, DataType.FLOAT32);
            }
        }
        return copied(source, info, manager, type, PART_BYTES);
    }

    /** Returns a copy of a tensor with elements of {@code type}, made of some rows at a time. */
    static NDArray copied(TensorSource source, TensorInfo info, NDManager manager, DType type, int partBytes) {
        NDArray whole = TorchTypes.empty(manager, type, info.shape());
        long[] dims = info.shape().toArray();
        long rows = dims[0];
        long width = info.byteSize() / rows;
        long step = Math.max(1, partBytes / width);
        for (long row = 0; row < rows; row += step) {
            dims[0] = Math.min(step, rows - row);
            ByteBuffer bytes = source.bytes(info.name(), row * width, Math.toIntExact(dims[0] * width));
            try (NDArray part = TorchTypes.load(manager, bytes, info.dtype(), Shape.of(dims));
                    NDArray place = whole.get(new NDIndex().addSliceDim(row, row + dims[0]))) {
                TorchTypes.copy(part, place);
            }
        }
        return whole;
    }

    /** The engine's own copy of an array that lies in a Java buffer: the optimizer may write to it, the file may go. */
    private static NDArray owned(NDArray view) {
        try (view) {
            return view.duplicate();
        }
    }

    /** The names in one file against those of one model. */
    private record Names(Path directory, TensorSource source, Rules rules, boolean bare) {
        Names(Path directory, TensorSource source, Rules rules) {
            this(
                    directory,
                    source,
                    rules,
                    source.tensors().keySet().stream().noneMatch(name -> name.startsWith(rules.basePrefix())));
        }

        String inFile(String name) {
            return bare && name.startsWith(rules.basePrefix())
                    ? name.substring(rules.basePrefix().length())
                    : name;
        }

        /** Returns the parameters that the file need not have and has not. */
        List<String> check(Map<String, Parameter> parameters) {
            Map<String, TensorInfo> inFile = source.tensors();
            List<String> optional =
                    parameters.keySet().stream().filter(rules.optional()).toList();
            boolean without = optional.stream().noneMatch(inFile::containsKey);
            Set<String> used = new HashSet<>();
            parameters.forEach((name, parameter) -> {
                if (!without || !rules.optional().test(name)) {
                    used.add(inFile(name));
                    check(find(inFile(name)), parameter);
                }
            });
            for (String name : inFile.keySet()) {
                if (!used.contains(name) && !rules.ignored().test(bare ? rules.basePrefix() + name : name)) {
                    throw new BoneException(directory + ": tensor '" + name + "' has no place in the model; "
                            + org.bonepeft.safetensors.Names.nearMisses(name, parameters.keySet()));
                }
            }
            return without ? optional : List.of();
        }

        private TensorInfo find(String name) {
            TensorInfo info = source.tensors().get(name);
            if (info == null) {
                throw new BoneException(directory + ": tensor '" + name + "' is missing; "
                        + org.bonepeft.safetensors.Names.nearMisses(
                                name, source.tensors().keySet()));
            }
            return info;
        }

        private void check(TensorInfo info, Parameter parameter) {
            Shape expected = Shape.of(parameter.getShape().getShape());
            if (!info.shape().equals(expected) || !info.dtype().isFloating()) {
                throw new BoneException(directory + ": tensor '" + info.name() + "' is " + info.dtype() + " "
                        + info.shape() + "; by " + HfConfig.FILE + " it must be a floating type and " + expected);
            }
        }
    }
}
