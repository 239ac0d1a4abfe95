package org.bonepeft.djl.model.llama;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.NDScope;
import ai.djl.ndarray.types.Shape;
import org.bonepeft.djl.torch.TorchAutograd;
import org.bonepeft.djl.torch.TorchEngine;
import org.bonepeft.djl.torch.TorchTypes;
import org.bonepeft.tensor.DType;
import org.jspecify.annotations.Nullable;

/**
 * {@code cos(p f_i)} and {@code sin(p f_i)} for the positions p from 0 on and the frequencies
 * {@code f_i = theta^(-2 i / d)} (Su et al. 2021), scaled as the model says. It grows by doubling; a table that is
 * replaced lives on with its manager, because another thread may read it.
 */
final class RotaryTable {
    private final LlamaConfig config;
    private final float[] frequencies;
    private @Nullable NDArray cos;
    private @Nullable NDArray sin;

    RotaryTable(LlamaConfig config) {
        this.config = config;
        frequencies = frequencies(config);
    }

    /** Rounded as in Hugging Face transformers, see {@link RopeScaling}. */
    static float[] frequencies(LlamaConfig config) {
        float[] frequencies = new float[config.headSize() / 2];
        for (int i = 0; i < frequencies.length; i++) {
            float power = (float) Math.pow(config.ropeTheta(), 2f * i / config.headSize());
            frequencies[i] = config.ropeScaling().scale(1 / power);
        }
        return frequencies;
    }

    /**
     * Returns the rows of the positions: cos, its second half equal to the first, and sin, its first half the second
     * with the other sign, each [positions, d]. So {@code R(x) = x cos + x' sin} with x' the exchanged halves of x.
     *
     * @param owner owns the tables
     * @param like an array of the type and device that are needed
     * @param positions how many, counted from 0
     */
    synchronized NDList rows(NDManager owner, NDArray like, long positions) {
        if (cos == null || sin == null || cos.getShape().get(0) < positions) {
            int size = (int) Math.min(config.maxPositions(), Math.max(positions, 64) * 2);
            cos = table(owner, like, size, true);
            sin = table(owner, like, size, false);
        }
        return new NDList(cos, sin);
    }

    private NDArray table(NDManager owner, NDArray like, int size, boolean cosine) {
        int half = frequencies.length;
        float[] values = new float[size * 2 * half];
        for (int p = 0; p < size; p++) {
            for (int i = 0; i < half; i++) {
                float angle = p * frequencies[i];
                values[p * 2 * half + i] = (float) (cosine ? Math.cos(angle) : -Math.sin(angle));
                values[p * 2 * half + half + i] = (float) (cosine ? Math.cos(angle) : Math.sin(angle));
            }
        }
        try (NDArray alias = owner.create(values, new Shape(size, 2L * half))) {
            NDArray table = owned(alias, like);
            NDScope.unregister(table);
            return table;
        }
    }

    private static NDArray owned(NDArray alias, NDArray like) {
        if (TorchEngine.serves(like.getManager()) && TorchTypes.isBfloat16(like)) {
            return TorchAutograd.with(false, () -> TorchTypes.cast(alias, DType.BF16));
        }
        return alias.duplicate();
    }
}
