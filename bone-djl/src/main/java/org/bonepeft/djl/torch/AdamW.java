package org.bonepeft.djl.torch;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.NDScope;
import ai.djl.ndarray.index.NDIndex;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeSet;
import java.util.stream.Collectors;
import org.bonepeft.BoneException;

/**
 * AdamW over named parameters (see {@link Kernels#adamW}), with gradient clipping and a state that can be saved: one
 * native call for the norm and one for each group, however many parameters there are.
 *
 * <p>A parameter that has no gradient is skipped, as in torch. The state lives on each parameter's device, belongs to
 * this object, and is safe from the {@code NDScope} it was made in.
 */
public final class AdamW implements AutoCloseable {
    private final List<Group> groups;
    private final double beta1;
    private final double beta2;
    private final double eps;
    private final List<NDManager> managers = new ArrayList<>();

    private AdamW(Builder builder) {
        beta1 = builder.beta1;
        beta2 = builder.beta2;
        eps = builder.eps;
        groups = builder.groups.stream()
                .map(group -> new Group(
                        group.parameters().entrySet().stream()
                                .map(entry -> new Slot(entry.getKey(), entry.getValue()))
                                .toList(),
                        group.rateFactor(),
                        group.weightDecay()))
                .toList();
    }

    private record Group(List<Slot> slots, double rateFactor, double weightDecay) {}

    /** A parameter and its state. */
    private final class Slot {
        final String name;
        final NDArray parameter;
        final NDManager manager;
        NDArray average;
        NDArray square;
        NDArray step;

        Slot(String name, NDArray parameter) {
            this.name = name;
            this.parameter = parameter;
            manager = parameter.getManager().newSubManager(parameter.getDevice());
            managers.add(manager);
            average = zeros();
            square = zeros();
            step = kept(manager.zeros(new Shape(), DataType.FLOAT32));
        }

        /** DJL itself cannot make an array in bfloat16. */
        private NDArray zeros() {
            return kept(
                    TorchEngine.serves(manager)
                            ? TorchMethods.method("zeros_like")
                                    .into(manager)
                                    .tensor(parameter)
                                    .run()
                                    .singletonOrThrow()
                            : manager.zeros(parameter.getShape(), parameter.getDataType()));
        }

        private NDArray kept(NDArray state) {
            NDScope.unregister(state);
            return state;
        }

        Map<String, NDArray> state() {
            Map<String, NDArray> state = new LinkedHashMap<>();
            state.put(name + ".exp_avg", average);
            state.put(name + ".exp_avg_sq", square);
            state.put(name + ".step", step);
            return state;
        }

        void restore(Map<String, NDArray> saved) {
            average = restored(saved, name + ".exp_avg", average);
            square = restored(saved, name + ".exp_avg_sq", square);
            step = restored(saved, name + ".step", step);
        }

        private NDArray restored(Map<String, NDArray> saved, String key, NDArray old) {
            NDArray value = saved.getOrDefault(key, old);
            if (!value.getShape().equals(old.getShape()) || value.getDataType() != old.getDataType()) {
                throw new BoneException("optimizer state " + key + " is " + value.getDataType() + " " + value.getShape()
                        + ", expected " + old.getDataType() + " " + old.getShape());
            }
            NDArray copy = kept(TorchTypes.toDevice(value, old.getDevice()).duplicate());
            copy.attach(manager);
            old.close();
            return copy;
        }
    }

    /** Returns a builder. */
    public static Builder builder() {
        return new Builder();
    }

    /**
     * Clips all gradients together to a norm and updates all parameters; does not zero the gradients.
     *
     * @param lr the learning rate, which each group multiplies by its factor
     * @param maxNorm the largest norm; infinity clips nothing
     * @return the norm before clipping; if it is not finite, nothing was updated
     */
    public double step(double lr, double maxNorm) {
        Map<Slot, NDArray> gradients = new LinkedHashMap<>();
        try {
            groups.forEach(group ->
                    group.slots().forEach(slot -> gradient(slot).ifPresent(gradient -> gradients.put(slot, gradient))));
            if (gradients.isEmpty()) {
                return 0;
            }
            Kernels kernels = Kernels.of(managers.get(0));
            double norm = kernels.clip(List.copyOf(gradients.values()), maxNorm);
            if (Double.isFinite(norm)) {
                groups.forEach(group -> update(kernels, group, gradients, lr));
            }
            return norm;
        } finally {
            gradients.values().forEach(NDArray::close);
        }
    }

    private void update(Kernels kernels, Group group, Map<Slot, NDArray> gradients, double lr) {
        // A fused call takes tensors of one type.
        group.slots().stream()
                .filter(gradients::containsKey)
                .collect(Collectors.groupingBy(slot -> slot.parameter.getDataType()))
                .values()
                .forEach(slots -> kernels.adamW(
                        slots.stream().map(slot -> slot.parameter).toList(),
                        slots.stream().map(slot -> gradients.get(slot)).toList(),
                        slots.stream().map(slot -> slot.average).toList(),
                        slots.stream().map(slot -> slot.square).toList(),
                        slots.stream().map(slot -> slot.step).toList(),
                        new AdamWStep(lr * group.rateFactor(), beta1, beta2, eps, group.weightDecay())));
    }

    private static Optional<NDArray> gradient(Slot slot) {
        return TorchEngine.serves(slot.manager)
                ? TorchAutograd.gradient(slot.parameter)
                : Optional.of(slot.parameter.getGradient());
    }

    /** Sets the gradients of all parameters to zero. */
    public void zeroGradients() {
        groups.forEach(group -> group.slots().forEach(AdamW::zeroGradient));
    }

    private static void zeroGradient(Slot slot) {
        if (TorchEngine.serves(slot.manager)) {
            TorchAutograd.zero(slot.parameter);
            return;
        }
        try (NDScope arrays = new NDScope()) {
            arrays.suppressNotUsedWarning();
            slot.parameter.getGradient().set(new NDIndex("..."), 0);
        }
    }

    /**
     * Returns the state by name: for a parameter {@code p}, {@code p.exp_avg}, {@code p.exp_avg_sq} and {@code p.step}.
     * These are the arrays in use, not copies.
     */
    public Map<String, NDArray> state() {
        Map<String, NDArray> state = new LinkedHashMap<>();
        groups.forEach(group -> group.slots().forEach(slot -> state.putAll(slot.state())));
        return state;
    }

    /**
     * Continues from a saved {@link #state()}; the arrays are copied.
     *
     * @throws BoneException if a name is missing or unknown, or a shape or type differs
     */
    public void restore(Map<String, NDArray> saved) {
        if (!saved.keySet().equals(state().keySet())) {
            TreeSet<String> missing = new TreeSet<>(state().keySet());
            missing.removeAll(saved.keySet());
            TreeSet<String> unknown = new TreeSet<>(saved.keySet());
            unknown.removeAll(state().keySet());
            throw new BoneException(
                    "this optimizer state is of other parameters: missing " + missing + ", unknown " + unknown);
        }
        groups.forEach(group -> group.slots().forEach(slot -> slot.restore(saved)));
    }

    /** Frees the state. */
    @Override
    public void close() {
        managers.forEach(NDManager::close);
    }

    /** Builds an {@link AdamW}. */
    public static final class Builder {
        private final List<Parameters> groups = new ArrayList<>();
        private final Map<String, NDArray> seen = new HashMap<>();
        private double beta1 = 0.9;
        private double beta2 = 0.999;
        private double eps = 1e-8;

        private Builder() {}

        private record Parameters(Map<String, NDArray> parameters, double rateFactor, double weightDecay) {}

        /**
         * Adds parameters that share a factor of the learning rate and a decay.
         *
         * @throws BoneException if a name was added before
         */
        public Builder addGroup(Map<String, NDArray> parameters, double rateFactor, double weightDecay) {
            parameters.forEach((name, array) -> {
                if (seen.put(name, array) != null) {
                    throw new BoneException("parameter " + name + " is in two groups of the optimizer");
                }
            });
            groups.add(new Parameters(new LinkedHashMap<>(parameters), rateFactor, weightDecay));
            return this;
        }

        /** Sets the decays of the running means; 0.9 and 0.999 if not called. */
        public Builder optBetas(double first, double second) {
            beta1 = first;
            beta2 = second;
            return this;
        }

        /** Sets eps; 1e-8 if not called. */
        public Builder optEps(double value) {
            eps = value;
            return this;
        }

        /** Returns the optimizer, with a state of zeros. */
        public AdamW build() {
            return new AdamW(this);
        }
    }
}
