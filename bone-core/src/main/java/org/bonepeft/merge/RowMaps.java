package org.bonepeft.merge;

import org.bonepeft.BoneException;
import org.bonepeft.adapter.AdapterMethod;
import org.bonepeft.adapter.Bat;
import org.bonepeft.adapter.Bone;
import org.bonepeft.adapter.Dora;
import org.bonepeft.adapter.Grouping;
import org.bonepeft.adapter.Hadamard;
import org.bonepeft.adapter.LayerSpec;
import org.bonepeft.adapter.Lora;
import org.bonepeft.adapter.MissMini;
import org.bonepeft.adapter.Unconstrained;
import org.bonepeft.peft.AdapterLayer;
import org.bonepeft.peft.AdapterTensor;
import org.bonepeft.reference.DoubleTensor;
import org.bonepeft.reference.ReferenceBackend;
import org.bonepeft.tensor.Shape;
import org.jspecify.annotations.Nullable;

/**
 * Row o of W + DeltaW from row o of W, or back, for every method: plain loops in float64, the formulas of
 * {@link AdapterMethod#delta} and {@link AdapterMethod#inverse} element by element. c counts the inputs.
 */
final class RowMaps {
    private RowMaps() {}

    /** Returns {@code w_o -> (W + DeltaW)_o}. */
    static RowMap merging(LayerSpec layer, AdapterLayer adapter) {
        return adapter.method().accept(new Forward(layer, adapter, 1));
    }

    /**
     * Returns {@code (W + DeltaW)_o -> w_o}.
     *
     * @throws BoneException if the result of merging does not determine W
     */
    static RowMap unmerging(LayerSpec layer, AdapterLayer adapter) {
        return adapter.method().accept(new Backward(layer, adapter));
    }

    static double[] parameter(AdapterLayer adapter, String name) {
        @Nullable AdapterTensor tensor = adapter.parameters().get(name);
        if (tensor == null) {
            throw new BoneException("the adapter has no " + name + " but "
                    + adapter.parameters().keySet());
        }
        double[] wide = new double[tensor.values().length];
        for (int i = 0; i < wide.length; i++) {
            wide[i] = tensor.values()[i];
        }
        return wide;
    }

    static double[] transposed(double[] matrix, int rows) {
        int columns = matrix.length / rows;
        double[] result = new double[matrix.length];
        for (int i = 0; i < rows; i++) {
            for (int j = 0; j < columns; j++) {
                result[j * rows + i] = matrix[i * columns + j];
            }
        }
        return result;
    }

    /** {@code w_c += sign y_c}. */
    static void add(double sign, double[] y, int from, double[] w, int at, int count) {
        for (int c = 0; c < count; c++) {
            w[at + c] += sign * y[from + c];
        }
    }

    /** {@code w += scale sum_k v_k M_k}, M_k the rows of a matrix with {@code count} columns; four rows at a time. */
    static void addProduct(
            double scale, double[] v, int vFrom, int rows, double[] m, int mFrom, double[] w, int at, int count) {
        int k = 0;
        for (; k + 4 <= rows; k += 4) {
            double v0 = scale * v[vFrom + k];
            double v1 = scale * v[vFrom + k + 1];
            double v2 = scale * v[vFrom + k + 2];
            double v3 = scale * v[vFrom + k + 3];
            int m0 = mFrom + k * count;
            int m1 = m0 + count;
            int m2 = m1 + count;
            int m3 = m2 + count;
            for (int c = 0; c < count; c++) {
                w[at + c] += v0 * m[m0 + c] + v1 * m[m1 + c] + v2 * m[m2 + c] + v3 * m[m3 + c];
            }
        }
        for (; k < rows; k++) {
            add(scale * v[vFrom + k], m, mFrom + k * count, w, at, count);
        }
    }

    /** Which parameter block belongs to block (i, j) of a weight with so many columns of blocks. */
    private interface BlockIndex {
        int of(int i, int j);
    }

    private static BlockIndex index(Grouping grouping, int groups, int columns) {
        return switch (grouping) {
            case COL -> (i, j) -> i;
            case ROW -> (i, j) -> j;
            case GROUP -> (i, j) -> (int) (((long) i * columns + j) % groups);
        };
    }

    /** W + sign DeltaW; with sign -1 that unmerges where DeltaW does not depend on W. */
    private record Forward(LayerSpec layer, AdapterLayer adapter, double sign)
            implements AdapterMethod.Visitor<RowMap> {
        private int in() {
            return Math.toIntExact(layer.in());
        }

        private int out() {
            return Math.toIntExact(layer.out());
        }

        @Override
        public RowMap bone(Bone method) {
            double[] block = parameter(adapter, Bone.BLOCK);
            int b = method.rank();
            int in = in();
            if (method.grouping() == Grouping.ROW) {
                return (row, w, at) -> add(sign, block, row % b * in, w, at, in);
            }
            return columns(block, b, out());
        }

        @Override
        public RowMap missMini(MissMini method) {
            return columns(parameter(adapter, MissMini.BLOCK), method.rank(), method.miniRank());
        }

        /** {@code w_c += B[c mod b, o mod m]}. */
        private RowMap columns(double[] block, int b, int m) {
            double[] patterns = transposed(block, b);
            int in = in();
            return (row, w, at) -> {
                for (int c = 0; c < in; c += b) {
                    add(sign, patterns, row % m * b, w, at + c, Math.min(b, in - c));
                }
            };
        }

        @Override
        public RowMap bat(Bat method) {
            double[] blocks = parameter(adapter, Bat.BLOCK);
            int b = method.rank();
            int in = in();
            BlockIndex index = index(method.grouping(), method.groups(), in / b);
            return (row, w, at) -> {
                double[] added = new double[b];
                for (int j = 0; j < in / b; j++) {
                    int block = index.of(row / b, j) * b * b;
                    System.arraycopy(blocks, block + row % b * b, added, 0, b);
                    addProduct(1, w, at + j * b, b, blocks, block, added, 0, b);
                    add(1, added, 0, w, at + j * b, b);
                }
            };
        }

        @Override
        public RowMap hadamard(Hadamard method) {
            double[] blocks = parameter(adapter, Hadamard.BLOCK);
            int b = method.rank();
            int in = in();
            BlockIndex index = index(method.grouping(), 0, in / b);
            return (row, w, at) -> {
                for (int c = 0; c < in; c++) {
                    double factor = blocks[(index.of(row / b, c / b) * b + row % b) * b + c % b];
                    w[at + c] += w[at + c] * factor + factor;
                }
            };
        }

        @Override
        public RowMap unconstrained(Unconstrained method) {
            double[] blocks = parameter(adapter, Unconstrained.BLOCK);
            double[] free = parameter(adapter, Unconstrained.FREE);
            int b = method.rank();
            double[] affine = blocks.clone();
            for (int row = 0; row < blocks.length / b; row++) {
                addProduct(1, free, row * b, b, blocks, row / b * b * b, affine, row * b, b);
            }
            int in = in();
            return (row, w, at) -> {
                for (int j = 0; j < in / b; j++) {
                    add(sign, affine, (j * b + row % b) * b, w, at + j * b, b);
                }
            };
        }

        @Override
        public RowMap lora(Lora method) {
            double[] a = parameter(adapter, Lora.A);
            double[] b = parameter(adapter, Lora.B);
            double scale = sign * method.scale();
            int r = method.rank();
            int in = in();
            return (row, w, at) -> addProduct(scale, b, row * r, r, a, 0, w, at, in);
        }

        @Override
        public RowMap dora(Dora method) {
            RowMap direction = lora(method.lora());
            double[] magnitude = parameter(adapter, Dora.MAGNITUDE);
            int in = in();
            return (row, w, at) -> {
                direction.apply(row, w, at);
                double sum = 0;
                for (int c = at; c < at + in; c++) {
                    sum += w[c] * w[c];
                }
                double gain = magnitude[row] / Math.sqrt(sum);
                for (int c = at; c < at + in; c++) {
                    w[c] *= gain;
                }
            };
        }
    }

    private record Backward(LayerSpec layer, AdapterLayer adapter) implements AdapterMethod.Visitor<RowMap> {
        private RowMap subtract(AdapterMethod method) {
            return method.accept(new Forward(layer, adapter, -1));
        }

        @Override
        public RowMap bone(Bone method) {
            return subtract(method);
        }

        @Override
        public RowMap missMini(MissMini method) {
            return subtract(method);
        }

        @Override
        public RowMap unconstrained(Unconstrained method) {
            return subtract(method);
        }

        /** {@code w_j = (w'_j - B_k)(I + B_k)^-1}. */
        @Override
        public RowMap bat(Bat method) {
            double[] blocks = parameter(adapter, Bat.BLOCK);
            int b = method.rank();
            int in = Math.toIntExact(layer.in());
            double[] inverses = inverses(blocks, b);
            BlockIndex index = index(method.grouping(), method.groups(), in / b);
            return (row, w, at) -> {
                double[] guided = new double[b];
                for (int j = 0; j < in / b; j++) {
                    int block = index.of(row / b, j) * b * b;
                    int from = at + j * b;
                    for (int c = 0; c < b; c++) {
                        guided[c] = w[from + c] - blocks[block + row % b * b + c];
                        w[from + c] = 0;
                    }
                    addProduct(1, guided, 0, b, inverses, block, w, from, b);
                }
            };
        }

        private double[] inverses(double[] blocks, int b) {
            double[] sum = blocks.clone();
            for (int i = 0; i < sum.length; i += b * b) {
                for (int k = 0; k < b; k++) {
                    sum[i + k * (b + 1)] += 1;
                }
            }
            try {
                Shape shape = Shape.of(sum.length / (b * b), b, b);
                return new ReferenceBackend()
                        .inverse(DoubleTensor.of(shape, sum))
                        .toArray();
            } catch (BoneException e) {
                throw new BoneException(
                        layer.path() + ": I + B is singular, so that the weight before merging cannot be"
                                + " found from the one after; keep a copy of the base",
                        e);
            }
        }

        /** {@code w_c = (w'_c - B) / (1 + B)}. */
        @Override
        public RowMap hadamard(Hadamard method) {
            double[] blocks = parameter(adapter, Hadamard.BLOCK);
            int b = method.rank();
            int in = Math.toIntExact(layer.in());
            for (double value : blocks) {
                if (value == -1) {
                    throw new BoneException(layer.path() + ": 1 + B holds a zero, so that the weight before merging"
                            + " cannot be found from the one after; keep a copy of the base");
                }
            }
            BlockIndex index = index(method.grouping(), 0, in / b);
            return (row, w, at) -> {
                for (int c = 0; c < in; c++) {
                    double factor = blocks[(index.of(row / b, c / b) * b + row % b) * b + c % b];
                    w[at + c] = (w[at + c] - factor) / (1 + factor);
                }
            };
        }

        @Override
        public RowMap lora(Lora method) {
            if (method.changesWeight()) {
                throw notDetermined(method);
            }
            return subtract(method);
        }

        @Override
        public RowMap dora(Dora method) {
            throw notDetermined(method);
        }

        private BoneException notDetermined(AdapterMethod method) {
            return new BoneException(layer.path() + ": what merging a " + method.name()
                    + " gives does not determine the weight before; keep a copy of the base");
        }
    }
}
