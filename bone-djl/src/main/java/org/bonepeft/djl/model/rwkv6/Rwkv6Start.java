package org.bonepeft.djl.model.rwkv6;

import ai.djl.ndarray.NDArray;
import ai.djl.training.initializer.Initializer;
import java.util.Optional;
import java.util.Random;
import java.util.function.DoubleSupplier;
import java.util.function.DoubleUnaryOperator;
import org.bonepeft.djl.model.HfWeights;

/**
 * How an untrained RWKV-6 starts: as in BlinkDL's training code, but with normal matrices in place of orthogonal ones of
 * the same variance. Channels and layers differ from the start: some channels remember for long, others forget at once,
 * and the token shift fades with depth. The linears that end a branch are zero, so that every layer is the identity.
 */
final class Rwkv6Start {
    private final Rwkv6Config config;
    private final Random random;

    Rwkv6Start(Rwkv6Config config, long seed) {
        this.config = config;
        random = new Random(seed);
    }

    void prepare(Rwkv6ForCausalLm model) {
        model.tensors().forEach((name, parameter) -> {
            String[] path = name.split("\\.", 3);
            Optional<Initializer> start =
                    path[0].equals("blocks") ? inBlock(Integer.parseInt(path[1]), path[2]) : outside(name);
            start.ifPresent(parameter::setInitializer);
        });
    }

    private Optional<Initializer> outside(String name) {
        return switch (name) {
            case "emb.weight" -> Optional.of(uniform(1e-4));
            case "head.weight" -> Optional.of(linear(0.5));
            default -> Optional.empty(); // norms
        };
    }

    private Optional<Initializer> inBlock(int layer, String name) {
        double depth = layer / (double) Math.max(1, config.layers() - 1);
        double rest = 1 - layer / (double) config.layers();
        double scale = Math.pow((1.0 + layer) / config.layers(), 0.7);
        return Optional.ofNullable(
                switch (name) {
                    case "att.time_maa_x", "att.time_maa_w", "att.time_maa_k", "ffn.time_maa_k", "ffn.time_maa_r" ->
                        channels(i -> 1 - Math.pow(i, rest));
                    case "att.time_maa_v" -> channels(i -> 1 - Math.pow(i, rest) - 0.3 * depth);
                    case "att.time_maa_r", "att.time_maa_g" -> channels(i -> 1 - Math.pow(i, 0.5 * rest));
                    case "att.time_maa_w2", "att.time_decay_w2" -> uniform(0.01);
                    case "att.time_decay" -> channels(i -> -6 + 5 * Math.pow(i, 0.7 + 1.3 * depth));
                    case "att.time_faaaa" -> channels(i -> depth * (1 - i));
                    case "att.ln_x.weight" -> channels(i -> scale);
                    case "att.key.weight", "att.gate.weight" -> linear(0.1);
                    case "att.receptance.weight", "att.value.weight", "ffn.key.weight" -> linear(1);
                    case "att.time_maa_w1",
                            "att.time_decay_w1",
                            "att.output.weight",
                            "ffn.value.weight",
                            "ffn.receptance.weight" -> Initializer.ZEROS;
                    default -> null; // norms
                });
    }

    /** A matrix (out, in) of variance gain^2 / in. */
    private Initializer linear(double gain) {
        return (manager, shape, type) -> HfWeights.normal(random, gain / Math.sqrt((double) shape.get(1)))
                .initialize(manager, shape, type);
    }

    private Initializer uniform(double largest) {
        return values(() -> largest * (2 * random.nextDouble() - 1));
    }

    /** A function of the place of each element, from 0 for the first to below 1 for the last. */
    private static Initializer channels(DoubleUnaryOperator function) {
        return (manager, shape, type) -> {
            long[] index = {0};
            return values(() -> function.applyAsDouble(index[0]++ / (double) shape.size()))
                    .initialize(manager, shape, type);
        };
    }

    private static Initializer values(DoubleSupplier next) {
        return (manager, shape, type) -> {
            float[] values = new float[Math.toIntExact(shape.size())];
            for (int i = 0; i < values.length; i++) {
                values[i] = (float) next.getAsDouble();
            }
            // An array made from a Java array aliases it, hence the copy.
            try (NDArray alias = manager.create(values, shape)) {
                return alias.duplicate();
            }
        };
    }
}
