package org.bonepeft.peft;

import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.Collectors;
import org.bonepeft.adapter.AdapterException;
import org.bonepeft.adapter.AdapterMethod;
import org.bonepeft.adapter.AdapterParameter;
import org.bonepeft.adapter.Bat;
import org.bonepeft.adapter.Bone;
import org.bonepeft.adapter.Dora;
import org.bonepeft.adapter.Grouping;
import org.bonepeft.adapter.Hadamard;
import org.bonepeft.adapter.LayerSpec;
import org.bonepeft.adapter.Lora;
import org.bonepeft.adapter.MissMini;
import org.bonepeft.adapter.Unconstrained;
import org.bonepeft.tensor.Shape;
import org.jspecify.annotations.Nullable;

/** Whether the shapes of an adapter's parameters fit each other and a layer. */
final class LayerShapes {
    private LayerShapes() {}

    /**
     * Returns what is wrong with an adapter, as far as can be said without its layer.
     *
     * @param bias whether it must have a {@link AdapterLayer#bias}
     * @param shapes of the parameters and, if there is one, of the bias
     */
    static List<String> problems(String path, AdapterMethod method, boolean bias, Map<String, Shape> shapes) {
        LayerSpec layer = implied(path, method, shapes);
        List<String> problems = problems(layer, method, shapes);
        Set<String> expected = parameters(path, method, shapes);
        if (bias) {
            expected.add(PeftKeys.LORA_BIAS);
            check(path, PeftKeys.LORA_BIAS, Shape.of(layer.out()), method, shapes, problems);
        }
        for (String name : shapes.keySet()) {
            if (!expected.contains(name)) {
                problems.add(path + ": " + name + " is no parameter of " + method + ", which has " + expected);
            }
        }
        return problems;
    }

    /** Returns what is wrong with an adapter on a layer. */
    static List<String> problems(LayerSpec layer, AdapterMethod method, Map<String, Shape> shapes) {
        List<String> problems = new ArrayList<>();
        try {
            method.check(layer);
            for (AdapterParameter expected : method.parameters(layer)) {
                check(layer.path(), expected.name(), expected.shape(), method, shapes, problems);
            }
        } catch (AdapterException e) {
            problems.add(String.valueOf(e.getMessage()));
        }
        return problems;
    }

    private static void check(
            String path,
            String name,
            Shape expected,
            AdapterMethod method,
            Map<String, Shape> shapes,
            List<String> problems) {
        @Nullable Shape shape = shapes.get(name);
        if (shape == null) {
            problems.add(path + ": " + name + " is missing; there is " + shapes.keySet());
        } else if (!shape.equals(expected)) {
            problems.add(path + ": " + name + " is " + shape + "; " + method + " needs " + expected);
        }
    }

    /** Returns the names of the method's parameters, in its order. */
    static Set<String> parameters(String path, AdapterMethod method, Map<String, Shape> shapes) {
        return method.parameters(implied(path, method, shapes)).stream()
                .map(AdapterParameter::name)
                .collect(Collectors.toCollection(LinkedHashSet::new));
    }

    /**
     * Returns the layer that an adapter seems to have been made for. A dimension that the shapes do not tell is one
     * that fits the method.
     */
    private static LayerSpec implied(String path, AdapterMethod method, Map<String, Shape> shapes) {
        return method.accept(new Implied(path, shapes));
    }

    private record Implied(String path, Map<String, Shape> shapes) implements AdapterMethod.Visitor<LayerSpec> {
        @Override
        public LayerSpec bone(Bone method) {
            long length = dim(Bone.BLOCK, 1, method.rank());
            return method.grouping() == Grouping.COL ? layer(method.rank(), length) : layer(length, method.rank());
        }

        @Override
        public LayerSpec missMini(MissMini method) {
            return layer(method.rank(), method.miniRank());
        }

        @Override
        public LayerSpec bat(Bat method) {
            return blocks(method.rank(), method.grouping());
        }

        @Override
        public LayerSpec hadamard(Hadamard method) {
            return blocks(method.rank(), method.grouping());
        }

        @Override
        public LayerSpec unconstrained(Unconstrained method) {
            return blocks(method.rank(), Grouping.ROW);
        }

        @Override
        public LayerSpec lora(Lora method) {
            return layer(dim(Lora.A, 1, method.rank()), dim(Lora.B, 0, method.rank()));
        }

        @Override
        public LayerSpec dora(Dora method) {
            return lora(method.lora());
        }

        private LayerSpec blocks(long rank, Grouping grouping) {
            long length = Math.multiplyExact(rank, dim(Bone.BLOCK, 0, 1));
            return grouping == Grouping.ROW ? layer(length, rank) : layer(rank, length);
        }

        private LayerSpec layer(long in, long out) {
            return new LayerSpec(path, in, out, false);
        }

        private long dim(String name, int axis, long otherwise) {
            @Nullable Shape shape = shapes.get(name);
            // A tensor without elements may claim any length.
            return shape == null || shape.rank() <= axis
                    ? otherwise
                    : Math.min(Math.max(1, shape.dim(axis)), Integer.MAX_VALUE);
        }
    }
}
