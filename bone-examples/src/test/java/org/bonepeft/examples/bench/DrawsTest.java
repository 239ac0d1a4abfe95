package org.bonepeft.examples.bench;

import static org.assertj.core.api.Assertions.assertThat;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import org.bonepeft.djl.torch.TorchTypes;
import org.bonepeft.tensor.DType;
import org.junit.jupiter.api.Test;

/** The expected bits are those that peft_bench.py draws with NumPy. */
class DrawsTest {
    private final Draws draws = new Draws(42, 0.02);

    @Test
    void weight_hasTheBitsOfTheOtherProgram() {
        assertThat(bits(DType.F32, 0.02, "lin.weight"))
                .containsExactly(1002764292, 1018401851, -1181720002, 990734230, -1126414272, 1006638541);
    }

    @Test
    void input_hasTheBitsOfTheOtherProgram() {
        assertThat(bits(DType.F32, 1, "x"))
                .containsExactly(-1095146959, -1084861908, -1112442072, -1085528789, -1095460003, 1063931559);
    }

    @Test
    void bfloat16_isRoundedToNearestEven() {
        try (NDManager manager = NDManager.newBaseManager()) {
            ByteBuffer bytes = TorchTypes.bytes(draws.weight(manager, "lin.weight", DType.BF16, 6))
                    .order(ByteOrder.LITTLE_ENDIAN);
            short[] bits = new short[6];
            bytes.asShortBuffer().get(bits);
            assertThat(bits).containsExactly(15301, 15540, -18032, 15117, -17188, 15360);
        }
    }

    @Test
    void tokens_areThoseOfTheOtherProgram() {
        try (NDManager manager = NDManager.newBaseManager();
                NDArray tokens = draws.tokens(manager, "input_ids", 5, 4096, 2, 3)) {
            assertThat(tokens.toLongArray()).containsExactly(3971, 3791, 4027, 220, 4003, 2714);
        }
    }

    private int[] bits(DType type, double deviation, String name) {
        try (NDManager manager = NDManager.newBaseManager()) {
            float[] values = draws.normal(manager, name, deviation, type, 2, 3).toFloatArray();
            int[] bits = new int[values.length];
            for (int i = 0; i < bits.length; i++) {
                bits[i] = Float.floatToRawIntBits(values[i]);
            }
            return bits;
        }
    }
}
