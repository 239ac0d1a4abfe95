package org.bonepeft.safetensors;

import java.nio.ByteBuffer;
import org.bonepeft.tensor.DType;
import org.bonepeft.tensor.HalfFloats;

/** Little-endian elements of every type to Java arrays, a chunk at a time. */
final class Elements {
    /** A multiple of every element size. */
    private static final int CHUNK_BYTES = 1 << 26;

    private static final int MAX_ARRAY = Integer.MAX_VALUE - 8;

    private Elements() {}

    interface ChunkReader<X extends Exception> {
        void read(ByteBuffer chunk, int from, int count) throws X;
    }

    static int arrayLength(TensorInfo info) {
        long size = info.shape().size();
        if (size > MAX_ARRAY) {
            throw new SafetensorsException("tensor " + Names.quoted(info.name()) + " has " + size
                    + " elements, more than an array can hold; read it in parts: bytes(name, offset, length)");
        }
        return (int) size;
    }

    /** Walks through a tensor; {@code from} and {@code count} are in elements and of use only to arrays. */
    static <X extends Exception> void chunks(TensorSource source, TensorInfo info, ChunkReader<X> reader) throws X {
        int width = info.dtype().bytes();
        for (long offset = 0; offset < info.byteSize(); offset += CHUNK_BYTES) {
            int length = (int) Math.min(CHUNK_BYTES, info.byteSize() - offset);
            reader.read(source.bytes(info.name(), offset, length), (int) (offset / width), length / width);
        }
    }

    static void read(TensorInfo info, ByteBuffer in, float[] out, int from, int count) {
        switch (info.dtype()) {
            case F32 -> in.asFloatBuffer().get(out, from, count);
            case F64 -> {
                for (int i = 0; i < count; i++) {
                    out[from + i] = narrowed(info, in.getDouble(i * 8));
                }
            }
            case F16 -> {
                for (int i = 0; i < count; i++) {
                    out[from + i] = HalfFloats.fromF16(in.getShort(i * 2));
                }
            }
            case BF16 -> {
                for (int i = 0; i < count; i++) {
                    out[from + i] = HalfFloats.fromBF16(in.getShort(i * 2));
                }
            }
            case I16, I8, U8 -> {
                for (int i = 0; i < count; i++) {
                    out[from + i] = integer(info, in, i);
                }
            }
            case I64, I32, BOOL -> throw doesNotFit(info, "float32");
        }
    }

    static void read(TensorInfo info, ByteBuffer in, double[] out, int from, int count) {
        switch (info.dtype()) {
            case F64 -> in.asDoubleBuffer().get(out, from, count);
            case F32 -> {
                for (int i = 0; i < count; i++) {
                    out[from + i] = in.getFloat(i * 4);
                }
            }
            case F16 -> {
                for (int i = 0; i < count; i++) {
                    out[from + i] = HalfFloats.fromF16(in.getShort(i * 2));
                }
            }
            case BF16 -> {
                for (int i = 0; i < count; i++) {
                    out[from + i] = HalfFloats.fromBF16(in.getShort(i * 2));
                }
            }
            case I32, I16, I8, U8 -> {
                for (int i = 0; i < count; i++) {
                    out[from + i] = integer(info, in, i);
                }
            }
            case I64, BOOL -> throw doesNotFit(info, "float64");
        }
    }

    static void read(TensorInfo info, ByteBuffer in, long[] out, int from, int count) {
        if (info.dtype().isFloating()) {
            throw doesNotFit(info, "integers");
        }
        if (info.dtype() == DType.I64) {
            in.asLongBuffer().get(out, from, count);
            return;
        }
        for (int i = 0; i < count; i++) {
            out[from + i] = integer(info, in, i);
        }
    }

    private static int integer(TensorInfo info, ByteBuffer in, int index) {
        return switch (info.dtype()) {
            case I32 -> in.getInt(index * 4);
            case I16 -> in.getShort(index * 2);
            case I8 -> in.get(index);
            case U8 -> in.get(index) & 0xff;
            case BOOL -> truth(info, in.get(index));
            case I64, F64, F32, F16, BF16 -> throw new IllegalArgumentException("not an int: " + info.dtype());
        };
    }

    static void write(String name, DType dtype, float[] values, int from, int count, ByteBuffer out) {
        switch (dtype) {
            case F32 -> out.asFloatBuffer().put(values, from, count);
            case F16 -> {
                for (int i = 0; i < count; i++) {
                    out.putShort(i * 2, HalfFloats.toF16(values[from + i]));
                }
            }
            case BF16 -> {
                for (int i = 0; i < count; i++) {
                    out.putShort(i * 2, HalfFloats.toBF16(values[from + i]));
                }
            }
            default -> throw cannotBecome(name, "float32 values", dtype);
        }
    }

    static void write(String name, DType dtype, long[] values, int from, int count, ByteBuffer out) {
        for (int i = 0; i < count; i++) {
            long value = values[from + i];
            long stored =
                    switch (dtype) {
                        case I64 -> value;
                        case I32 -> (int) value;
                        case I16 -> (short) value;
                        case I8 -> (byte) value;
                        case U8 -> value & 0xff;
                        case BOOL -> value & 1;
                        case F64, F32, F16, BF16 -> throw cannotBecome(name, "integers", dtype);
                    };
            if (stored != value) {
                throw cannotBecome(name, "the value " + value, dtype);
            }
            switch (dtype.bytes()) {
                case 8 -> out.putLong(i * 8, value);
                case 4 -> out.putInt(i * 4, (int) value);
                case 2 -> out.putShort(i * 2, (short) value);
                default -> out.put(i, (byte) value);
            }
        }
    }

    private static SafetensorsException cannotBecome(String name, String what, DType dtype) {
        return new SafetensorsException("tensor " + Names.quoted(name) + ": " + what + " cannot become " + dtype);
    }

    private static int truth(TensorInfo info, byte value) {
        if (value != 0 && value != 1) {
            throw new SafetensorsException("tensor " + Names.quoted(info.name()) + " is BOOL but holds the byte "
                    + (value & 0xff) + "; expected 0 or 1");
        }
        return value;
    }

    private static float narrowed(TensorInfo info, double value) {
        float narrow = (float) value;
        if (Float.isInfinite(narrow) && !Double.isInfinite(value)) {
            throw new SafetensorsException("tensor " + Names.quoted(info.name()) + " holds " + value
                    + ", beyond float32; read it with doubles(name)");
        }
        return narrow;
    }

    private static SafetensorsException doesNotFit(TensorInfo info, String wanted) {
        String advice = info.dtype().isFloating() ? "doubles(name)" : "longs(name)";
        return new SafetensorsException("tensor " + Names.quoted(info.name()) + " is " + info.dtype()
                + ", which does not fit " + wanted + "; read it with " + advice);
    }
}
