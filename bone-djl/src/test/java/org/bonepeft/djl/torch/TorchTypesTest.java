package org.bonepeft.djl.torch;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import ai.djl.Device;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import org.bonepeft.BoneException;
import org.bonepeft.tensor.DType;
import org.bonepeft.tensor.Shape;
import org.bonepeft.testkit.Tolerance;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;

class TorchTypesTest {
    /** 1, -2, 0.5, the largest finite bfloat16, infinity, the smallest subnormal. */
    private static final short[] BITS = {0x3f80, (short) 0xc000, 0x3f00, 0x7f7f, 0x7f80, 0x0001};

    private NDManager manager;

    @BeforeEach
    void open() {
        manager = NDManager.newBaseManager();
    }

    @AfterEach
    void close() {
        manager.close();
    }

    private static ByteBuffer bytes(boolean direct, int before) {
        int size = before + 2 * BITS.length;
        ByteBuffer bytes = direct ? ByteBuffer.allocateDirect(size) : ByteBuffer.allocate(size);
        bytes.order(ByteOrder.LITTLE_ENDIAN).position(before);
        for (short bits : BITS) {
            bytes.putShort(bits);
        }
        return bytes.position(before);
    }

    @ParameterizedTest
    @CsvSource({"true, 0", "true, 6", "false, 0", "false, 6"})
    void load_bfloat16_keepsTheBitsAndOwnsItsMemory(boolean direct, int before) {
        ByteBuffer source = bytes(direct, before);
        NDArray array = TorchTypes.load(manager, source.asReadOnlyBuffer(), DType.BF16, Shape.of(2, 3));
        while (source.hasRemaining()) {
            source.put((byte) 0);
        }
        assertThat(TorchTypes.isBfloat16(array)).isTrue();
        assertThat(array.getShape()).isEqualTo(new ai.djl.ndarray.types.Shape(2, 3));
        assertThat(TorchTypes.bytes(array)).isEqualTo(bytes(false, 0));
        assertThat(TorchTypes.floats(array))
                .containsExactly(1, -2, 0.5f, 0x1.fep127f, Float.POSITIVE_INFINITY, 0x1p-133f);
        array.close();
        assertThatThrownBy(array::sum).isInstanceOf(IllegalStateException.class);
    }

    @ParameterizedTest
    @EnumSource(
            names = {"I16"},
            mode = EnumSource.Mode.EXCLUDE)
    void load_everyType_comesBackBitwise(DType type) {
        byte[] raw = new byte[3 * type.bytes()];
        for (int i = 0; i < raw.length; i++) {
            raw[i] = (byte) (type == DType.BOOL ? i % 2 : i + 1);
        }
        NDArray array = TorchTypes.load(manager, ByteBuffer.wrap(raw), type, Shape.of(3));
        assertThat(TorchTypes.of(array)).isEqualTo(type);
        assertThat(TorchTypes.bytes(array)).isEqualTo(ByteBuffer.wrap(raw));
    }

    @Test
    void load_wrongSizeOrType_saysSo() {
        assertThatThrownBy(() -> TorchTypes.load(manager, ByteBuffer.allocate(6), DType.BF16, Shape.of(2)))
                .isInstanceOf(BoneException.class)
                .hasMessage("BF16 [2] has 4 bytes, was given 6");
        assertThatThrownBy(() -> TorchTypes.load(manager, ByteBuffer.allocate(4), DType.I16, Shape.of(2)))
                .isInstanceOf(BoneException.class)
                .hasMessageContaining("I16");
    }

    @Test
    void cast_everyWay_isDifferentiable() {
        NDArray x = manager.create(new float[] {1, 1.001f, 3}).duplicate();
        x.setRequiresGradient(true);
        TorchAutograd.with(true, () -> {
            NDArray half = TorchTypes.cast(x, DType.BF16);
            assertThat(TorchTypes.of(half)).isEqualTo(DType.BF16);
            assertThat(TorchTypes.floats(half)).containsExactly(1, 1, 3);
            assertThat(TorchTypes.cast(half, DType.BF16)).isSameAs(half);
            NDArray wide = TorchTypes.cast(half, DType.F64);
            TorchAutograd.backward(wide, manager.create(new double[] {1, 2, 3}));
            return true;
        });
        assertThat(TorchAutograd.gradient(x).orElseThrow().toFloatArray()).containsExactly(1, 2, 3);
    }

    @Test
    void backward_bfloat16Scalar_works() {
        NDArray x = manager.create(new float[] {1, 2}).duplicate();
        x.setRequiresGradient(true);
        TorchAutograd.with(true, () -> {
            TorchAutograd.backward(TorchTypes.cast(x, DType.BF16).sum());
            return true;
        });
        assertThat(TorchAutograd.gradient(x).orElseThrow().toFloatArray()).containsExactly(1, 1);
    }

    @Test
    void isBfloat16_otherTypes_isFalse() {
        assertThat(TorchTypes.isBfloat16(manager.create(1f))).isFalse();
        NDArray whole = manager.create(1L);
        assertThat(TorchTypes.of(whole)).isEqualTo(DType.I64);
        // int16 is UNKNOWN to DJL, too.
        assertThat(TorchTypes.isBfloat16(TorchTypes.cast(whole, DType.I16))).isFalse();
    }

    @Test
    void toDevice_sameDevice_isTheArray() {
        NDArray half = TorchTypes.cast(manager.create(1f), DType.BF16);
        assertThat(TorchTypes.toDevice(half, Device.cpu())).isSameAs(half);
    }

    /** A frozen bfloat16 linear, y = x W^T + b, with activations in either type. */
    @ParameterizedTest
    @EnumSource(names = {"F32", "BF16"})
    void frozenLinear_forwardAndBackward(DType activations) {
        NDArray weight = TorchTypes.cast(Wave.of(manager, DataType.FLOAT32, 1, 4, 3), DType.BF16);
        NDArray bias = TorchTypes.cast(Wave.of(manager, DataType.FLOAT32, 2, 4), DType.BF16);
        NDArray x = Wave.of(manager, DataType.FLOAT32, 0, 2, 3);
        NDArray dy = Wave.of(manager, DataType.FLOAT32, 3, 2, 4);
        x.setRequiresGradient(true);
        float[] y = TorchAutograd.with(true, () -> {
            NDArray in = TorchTypes.cast(x, DType.BF16);
            NDArray product = in.matMul(weight.transpose()).add(bias);
            NDArray out = TorchTypes.cast(product, activations);
            TorchAutograd.backward(out, TorchTypes.cast(dy, activations));
            return TorchTypes.floats(out);
        });
        NDArray exactWeight = manager.create(TorchTypes.floats(weight)).reshape(4, 3);
        NDArray exactBias = manager.create(TorchTypes.floats(bias));
        NDArray detached = x.stopGradient();
        Tolerance.BFLOAT16.check(
                "y", y, detached.matMul(exactWeight.transpose()).add(exactBias).toFloatArray());
        Tolerance.BFLOAT16.check(
                "dx",
                TorchAutograd.gradient(x).orElseThrow().toFloatArray(),
                dy.matMul(exactWeight).toFloatArray());
    }
}
