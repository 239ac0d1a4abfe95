package org.bonepeft.djl.torch;

import ai.djl.Device;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.NDScope;
import ai.djl.ndarray.types.DataType;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.EnumMap;
import java.util.Map;
import org.bonepeft.BoneException;
import org.bonepeft.tensor.DType;
import org.bonepeft.tensor.Shape;

/**
 * Element types of PyTorch arrays, bfloat16 among them, and differentiable casts.
 *
 * <p>DJL does not know bfloat16: such an array says {@link DataType#UNKNOWN}, and whatever DJL does by naming the type
 * ends the JVM. <b>Never</b> call on it {@code toType}, {@code toDevice} to another device, {@code softmax},
 * {@code zerosLike}, {@code onesLike} or {@code toString}, nor create arrays of {@code DataType.BFLOAT16} or
 * {@code UNKNOWN}. Safe are {@code getShape}, {@code getDevice}, {@code close}, {@code duplicate}, the arithmetic
 * operators, {@code matMul}, {@code reshape}, {@code transpose}, sums, TorchScript, and the methods below.
 */
public final class TorchTypes {
    /** ATen's numbers of the types. */
    private static final Map<DType, Integer> CODES = new EnumMap<>(Map.of(
            DType.U8, 0,
            DType.I8, 1,
            DType.I16, 2,
            DType.I32, 3,
            DType.I64, 4,
            DType.F16, 5,
            DType.F32, 6,
            DType.F64, 7,
            DType.BOOL, 11,
            DType.BF16, 15));

    /** The types that DJL can make an array of. */
    private static final Map<DType, DataType> NAMED = new EnumMap<>(Map.of(
            DType.U8, DataType.UINT8,
            DType.I8, DataType.INT8,
            DType.I32, DataType.INT32,
            DType.I64, DataType.INT64,
            DType.F16, DataType.FLOAT16,
            DType.F32, DataType.FLOAT32,
            DType.F64, DataType.FLOAT64,
            DType.BOOL, DataType.BOOLEAN));

    private TorchTypes() {}

    /** Returns ATen's number of a type. */
    static int code(DType type) {
        return CODES.getOrDefault(type, -1);
    }

    /** Returns the element type of an array. */
    public static DType of(NDArray array) {
        for (Map.Entry<DType, DataType> entry : NAMED.entrySet()) {
            if (entry.getValue() == array.getDataType()) {
                return entry.getKey();
            }
        }
        try (NDArray number = TorchMethods.method("dtype").tensor(array).run().singletonOrThrow()) {
            long code = number.getLong();
            return CODES.entrySet().stream()
                    .filter(entry -> entry.getValue() == code)
                    .map(Map.Entry::getKey)
                    .findAny()
                    .orElseThrow(() -> new BoneException("no known element type has ATen's number " + code));
        }
    }

    /** Returns whether an array's elements are bfloat16. */
    public static boolean isBfloat16(NDArray array) {
        return array.getDataType() == DataType.UNKNOWN && of(array) == DType.BF16;
    }

    /** Returns the array with another element type, differentiably; the array itself if it has that type. */
    public static NDArray cast(NDArray array, DType type) {
        return of(array) == type
                ? array
                : TorchMethods.method("cast")
                        .tensor(array)
                        .number(code(type))
                        .run()
                        .singletonOrThrow();
    }

    /** Returns the array on another device, differentiably; the array itself if it is there. */
    public static NDArray toDevice(NDArray array, Device device) {
        if (array.getDevice().equals(device)) {
            return array;
        }
        String name = device.isGpu() ? "cuda:" + device.getDeviceId() : device.getDeviceType();
        return TorchMethods.method("move").tensor(array).text(name).run().singletonOrThrow();
    }

    /**
     * Returns a new array of these elements on the manager's device. The bytes are copied once, as they are: bfloat16
     * passes through no other type, and the buffer may be closed afterwards.
     *
     * @param bytes little-endian elements from position to limit, exactly as many as the shape has
     */
    public static NDArray load(NDManager manager, ByteBuffer bytes, DType type, Shape shape) {
        long size = shape.size();
        if (bytes.remaining() != size * type.bytes()) {
            throw new BoneException(
                    type + " " + shape + " has " + size * type.bytes() + " bytes, was given " + bytes.remaining());
        }
        DataType carrier = carrier(type);
        ByteBuffer direct = bytes.isDirect()
                ? bytes.slice()
                : ByteBuffer.allocateDirect(bytes.remaining())
                        .put(bytes.duplicate())
                        .flip();
        // An array made from a buffer aliases it, hence the copies.
        try (NDArray alias = manager.create(
                direct.order(ByteOrder.nativeOrder()), new ai.djl.ndarray.types.Shape(shape.toArray()), carrier)) {
            return type == DType.BF16 ? bits(alias, DType.BF16) : alias.duplicate();
        }
    }

    /** Returns a new array on the manager's device whose elements have no values yet. */
    public static NDArray empty(NDManager manager, DType type, Shape shape) {
        NDArray carrier = manager.create(new ai.djl.ndarray.types.Shape(shape.toArray()), carrier(type));
        if (type != DType.BF16) {
            return carrier;
        }
        try (carrier) {
            return viewBits(carrier);
        }
    }

    /**
     * Returns an array whose memory is the buffer, which lives as long as the manager; the array is on the CPU.
     *
     * @param bytes direct and writable, little-endian bfloat16 elements, exactly as many as the shape has
     */
    public static NDArray view(NDManager manager, ByteBuffer bytes, Shape shape) {
        // The manager keeps the carrier, and the carrier the buffer.
        NDArray carrier = manager.create(
                bytes.order(ByteOrder.nativeOrder()),
                new ai.djl.ndarray.types.Shape(shape.toArray()),
                DataType.FLOAT16);
        NDScope.unregister(carrier);
        return viewBits(carrier);
    }

    private static NDArray viewBits(NDArray carrier) {
        return TorchMethods.method("view_bits")
                .tensor(carrier)
                .number(code(DType.BF16))
                .run()
                .singletonOrThrow();
    }

    /** The type of DJL's whose elements are as wide. */
    private static DataType carrier(DType type) {
        DataType carrier = NAMED.get(type == DType.BF16 ? DType.F16 : type);
        if (carrier == null) {
            throw new BoneException("DJL has no array of " + type);
        }
        return carrier;
    }

    /** Returns the elements, little-endian, as they are. */
    public static ByteBuffer bytes(NDArray array) {
        if (of(array) != DType.BF16) {
            return array.toByteBuffer();
        }
        try (NDArray carrier = bits(array, DType.F16)) {
            return carrier.toByteBuffer();
        }
    }

    private static NDArray bits(NDArray array, DType type) {
        return TorchMethods.method("bits")
                .tensor(array)
                .number(code(type))
                .run()
                .singletonOrThrow();
    }

    /** Copies elements into the memory of another array of the same shape and any type; not seen by autograd. */
    public static void copy(NDArray values, NDArray target) {
        TorchAutograd.with(false, () -> TorchMethods.method("copy")
                        .tensor(target)
                        .tensor(values)
                        .run()
                        .singletonOrThrow())
                .close();
    }

    /** Returns the elements of an array of any floating type. */
    public static float[] floats(NDArray array) {
        if (array.getDataType() == DataType.FLOAT32) {
            return array.toFloatArray();
        }
        try (NDArray wide = TorchAutograd.with(false, () -> cast(array, DType.F32))) {
            return wide.toFloatArray();
        }
    }
}
