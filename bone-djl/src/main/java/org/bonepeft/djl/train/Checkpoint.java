package org.bonepeft.djl.train;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.nn.Block;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.TreeSet;
import org.bonepeft.BoneException;
import org.bonepeft.djl.torch.AdamW;
import org.bonepeft.djl.torch.TorchTypes;
import org.bonepeft.safetensors.SafetensorsFile;
import org.bonepeft.safetensors.SafetensorsWriter;
import org.bonepeft.safetensors.TensorData;
import org.bonepeft.safetensors.TensorInfo;
import org.bonepeft.tensor.Shape;

/**
 * All of a run after a step, in one safetensors file: {@code parameter.<name>} and {@code optimizer.<name>.exp_avg},
 * {@code .exp_avg_sq}, {@code .step}; as metadata the step, what evaluations came to, the settings that decide the
 * numbers, and what listeners remember. Order and randomness follow from the step and the seed.
 */
public final class Checkpoint {
    private static final String PARAMETER = "parameter.";
    private static final String OPTIMIZER = "optimizer.";
    private static final String SETTING = "setting ";
    private static final String LISTENER = "listener ";

    private Checkpoint() {}

    /**
     * Where a run stands.
     *
     * @param step steps taken
     * @param skipped steps left out
     * @param best the best value of the metric, NaN for none
     * @param bestStep after which step
     * @param worse evaluations since then
     */
    record Progress(int step, int skipped, double best, int bestStep, int worse) {
        static final Progress START = new Progress(0, 0, Double.NaN, 0, 0);
    }

    /**
     * Puts the parameters of a checkpoint into a model, for example those of {@link CheckpointPlan#best}.
     *
     * @throws BoneException if the model trains other parameters
     */
    public static void restore(Path file, Block model) throws IOException {
        try (SafetensorsFile open = SafetensorsFile.open(file)) {
            restore(open, file, Trainable.of(model));
        }
    }

    private static void restore(SafetensorsFile open, Path file, Map<String, NDArray> parameters) {
        TreeSet<String> differing = new TreeSet<>(parameters.keySet());
        for (TensorInfo tensor : open.tensors().values()) {
            if (tensor.name().startsWith(PARAMETER)) {
                String name = tensor.name().substring(PARAMETER.length());
                NDArray target = parameters.get(name);
                if (target == null
                        || !shape(target).equals(tensor.shape())
                        || TorchTypes.of(target) != tensor.dtype()) {
                    differing.add(name);
                } else {
                    differing.remove(name);
                }
            }
        }
        if (!differing.isEmpty()) {
            throw new BoneException(file + " is of another model or adapter: these parameters are in one of both, or"
                    + " have other shapes or types: " + differing);
        }
        parameters.forEach((name, target) -> {
            try (NDArray value = load(open, PARAMETER + name, target.getManager())) {
                TorchTypes.copy(value, target);
            }
        });
    }

    /** Writes a checkpoint. */
    static void write(
            Path file,
            Progress progress,
            Map<String, String> settings,
            Map<String, NDArray> parameters,
            AdamW optimizer,
            List<TrainingListener> listeners)
            throws IOException {
        Map<String, String> metadata = new LinkedHashMap<>();
        metadata.put("step", "" + progress.step());
        metadata.put("skipped", "" + progress.skipped());
        metadata.put("best", "" + progress.best());
        metadata.put("best_step", "" + progress.bestStep());
        metadata.put("worse", "" + progress.worse());
        settings.forEach((name, value) -> metadata.put(SETTING + name, value));
        for (int i = 0; i < listeners.size(); i++) {
            metadata.put(LISTENER + i, listeners.get(i).state());
        }
        List<TensorData> tensors = new ArrayList<>();
        parameters.forEach((name, array) -> tensors.add(data(PARAMETER + name, array)));
        optimizer.state().forEach((name, array) -> tensors.add(data(OPTIMIZER + name, array)));
        SafetensorsWriter.write(file, tensors, metadata);
    }

    private static TensorData data(String name, NDArray array) {
        return new TensorData(name, TorchTypes.of(array), shape(array), out -> out.write(TorchTypes.bytes(array)));
    }

    private static Shape shape(NDArray array) {
        return Shape.of(array.getShape().getShape());
    }

    private static NDArray load(SafetensorsFile open, String name, NDManager manager) {
        TensorInfo info = open.tensor(name);
        return TorchTypes.load(manager, open.bytes(name), info.dtype(), info.shape());
    }

    /** Reads where the run of a checkpoint stood. */
    static Progress progress(Path file) throws IOException {
        try (SafetensorsFile open = SafetensorsFile.open(file)) {
            return progress(open.metadata(), file);
        }
    }

    private static Progress progress(Map<String, String> metadata, Path file) {
        try {
            return new Progress(
                    Integer.parseInt(metadata.getOrDefault("step", "")),
                    Integer.parseInt(metadata.getOrDefault("skipped", "")),
                    Double.parseDouble(metadata.getOrDefault("best", "")),
                    Integer.parseInt(metadata.getOrDefault("best_step", "")),
                    Integer.parseInt(metadata.getOrDefault("worse", "")));
        } catch (NumberFormatException e) {
            throw new BoneException(file + " is no checkpoint of a training run", e);
        }
    }

    /**
     * Puts everything back, and returns where the run stood.
     *
     * @throws BoneException if the run was of another model, or had other settings
     */
    static Progress read(
            Path file,
            Map<String, String> settings,
            Map<String, NDArray> parameters,
            AdamW optimizer,
            List<TrainingListener> listeners)
            throws IOException {
        try (SafetensorsFile open = SafetensorsFile.open(file)) {
            Map<String, String> metadata = open.metadata();
            Progress progress = progress(metadata, file);
            settings.forEach((name, value) -> {
                String then = metadata.getOrDefault(SETTING + name, "nothing");
                if (!then.equals(value)) {
                    throw new BoneException("cannot go on from " + file + ": its " + name + " was " + then
                            + ", now it is " + value + "; set it as it was, or choose another folder");
                }
            });
            restore(open, file, parameters);
            Map<String, NDArray> state = new LinkedHashMap<>();
            NDManager owner = parameters.values().iterator().next().getManager();
            try (NDManager scratch = owner.newSubManager()) {
                open.tensors().keySet().stream()
                        .filter(name -> name.startsWith(OPTIMIZER))
                        .forEach(name -> state.put(name.substring(OPTIMIZER.length()), load(open, name, scratch)));
                optimizer.restore(state);
            }
            for (int i = 0; i < listeners.size(); i++) {
                listeners.get(i).restore(Objects.requireNonNullElse(metadata.get(LISTENER + i), ""));
            }
            return progress;
        }
    }
}
