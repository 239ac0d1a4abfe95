package org.bonepeft.peft;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.bonepeft.safetensors.Names;
import org.bonepeft.tensor.HalfFloats;
import org.bonepeft.tensor.Shape;
import org.jspecify.annotations.Nullable;

/**
 * Whether weights of the base that lie beside an adapter are the model's own. They are if all numbers are the same, or
 * if those of one side are the other's rounded to bfloat16 or float16: PEFT saves them in the type that the base was
 * loaded in.
 */
final class BaseFit {
    private static final String HEAD = "lm_head.weight";
    private static final String EMBEDDINGS = "embed_tokens.weight";
    private static final int PART = 1 << 20;
    private static final String ADVICE = "; use the base that the adapter was trained on or, if this is the right one,"
            + " save the adapter again with save_embedding_layers=False";

    private final String name;
    private final Shape shape;
    private long count;
    private long differing;
    private String first = "";
    private boolean givenIsBf16 = true;
    private boolean givenIsF16 = true;
    private boolean ownIsBf16 = true;
    private boolean ownIsF16 = true;

    private BaseFit(String name, Shape shape) {
        this.name = name;
        this.shape = shape;
    }

    /** Returns what is wrong with the weights that were given, in a line each. */
    static List<String> problems(Map<String, BaseWeight> given, Map<String, BaseWeight> model) {
        List<String> problems = new ArrayList<>();
        given.forEach((name, weight) -> {
            @Nullable BaseWeight own = model.get(counterpart(name, model));
            if (own == null) {
                problems.add("the adapter's files hold " + name + " of the base, which the model does not have; "
                        + Names.nearMisses(name, model.keySet()));
            } else if (!own.shape().equals(weight.shape())) {
                problems.add(name + " is " + own.shape() + " in the model, " + weight.shape() + " beside the adapter"
                        + ADVICE);
            } else {
                new BaseFit(name, own.shape()).compare(weight, own).ifPresent(problems::add);
            }
        });
        return problems;
    }

    /** A head that is tied to the embeddings has no tensor of its own. */
    private static String counterpart(String name, Map<String, BaseWeight> model) {
        if (model.containsKey(name) || !name.endsWith(HEAD)) {
            return name;
        }
        List<String> embeddings =
                model.keySet().stream().filter(own -> own.endsWith(EMBEDDINGS)).toList();
        return embeddings.size() == 1 ? embeddings.get(0) : name;
    }

    private Optional<String> compare(BaseWeight given, BaseWeight own) {
        long size = shape.size();
        while (count < size) {
            int part = (int) Math.min(PART, size - count);
            compare(given.elements().read(count, part), own.elements().read(count, part));
        }
        return differing == 0 || givenIsBf16 || givenIsF16 || ownIsBf16 || ownIsF16
                ? Optional.empty()
                : Optional.of(name + " beside the adapter is not the model's: " + differing + " of " + size
                        + " elements differ, the first at " + first + ADVICE);
    }

    private void compare(float[] given, float[] own) {
        for (int i = 0; i < given.length; i++, count++) {
            givenIsBf16 &= given[i] == bf16(own[i]);
            givenIsF16 &= given[i] == f16(own[i]);
            ownIsBf16 &= own[i] == bf16(given[i]);
            ownIsF16 &= own[i] == f16(given[i]);
            if (given[i] != own[i] && differing++ == 0) {
                first = index() + ", " + own[i] + " in the model, " + given[i] + " beside the adapter";
            }
        }
    }

    private String index() {
        long[] index = new long[shape.rank()];
        long rest = count;
        for (int axis = index.length - 1; axis >= 0; axis--) {
            index[axis] = rest % shape.dim(axis);
            rest /= shape.dim(axis);
        }
        return Arrays.toString(index);
    }

    private static float bf16(float value) {
        return HalfFloats.fromBF16(HalfFloats.toBF16(value));
    }

    private static float f16(float value) {
        return HalfFloats.fromF16(HalfFloats.toF16(value));
    }
}
