package org.bonepeft.djl.torch;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Function;
import org.bonepeft.djl.backend.GraphRunner;
import org.bonepeft.graph.Backend;
import org.bonepeft.graph.Graph;
import org.bonepeft.graph.Op;
import org.bonepeft.graph.Tensor;
import org.bonepeft.tensor.DType;
import org.bonepeft.tensor.Shape;

/** Runs every operation as a graph of its own, so that the contract of backends can check a graph runner. */
final class SingleOpBackend implements Backend<NDArray> {
    private final GraphRunner runner;
    private final NDManager manager;

    SingleOpBackend(GraphRunner runner, NDManager manager) {
        this.runner = runner;
        this.manager = manager;
    }

    private NDArray run(Function<List<Tensor>, Tensor> op, NDArray... operands) {
        List<Tensor> inputs = new ArrayList<>();
        Map<String, NDArray> values = new LinkedHashMap<>();
        for (NDArray operand : operands) {
            String name = "in" + inputs.size();
            inputs.add(Tensor.input(name, Shape.of(operand.getShape().getShape()), TorchTypes.of(operand)));
            values.put(name, operand);
        }
        return runner.run(Graph.of("one", inputs, Map.of("y", op.apply(inputs))), values, manager);
    }

    @Override
    public NDArray identity(long n, DType type) {
        // The device of a graph's result is that of its inputs, so there must be one.
        return run(
                in -> Tensor.identity(n, type).mul(in.get(0)),
                manager.create(1.0)
                        .toType(
                                ai.djl.ndarray.types.DataType.valueOf(type == DType.F64 ? "FLOAT64" : "FLOAT32"),
                                false));
    }

    @Override
    public NDArray add(NDArray a, NDArray b, boolean reuse) {
        return run(in -> in.get(0).add(in.get(1)), a, b);
    }

    @Override
    public NDArray sub(NDArray a, NDArray b) {
        return run(in -> in.get(0).sub(in.get(1)), a, b);
    }

    @Override
    public NDArray mul(NDArray a, NDArray b) {
        return run(in -> in.get(0).mul(in.get(1)), a, b);
    }

    @Override
    public NDArray div(NDArray a, NDArray b) {
        return run(in -> in.get(0).div(in.get(1)), a, b);
    }

    @Override
    public NDArray scale(NDArray a, double factor) {
        return run(in -> Tensor.of(new Op.Scale(in.get(0), factor)), a);
    }

    @Override
    public NDArray matMul(NDArray a, NDArray b) {
        return run(in -> in.get(0).matMul(in.get(1)), a, b);
    }

    @Override
    public NDArray addMatMul(NDArray addend, NDArray a, NDArray b, boolean reuse) {
        return run(in -> in.get(0).addMatMul(in.get(1), in.get(2)), addend, a, b);
    }

    @Override
    public NDArray addMul(NDArray addend, NDArray a, NDArray b) {
        return run(in -> in.get(0).addMul(in.get(1), in.get(2)), addend, a, b);
    }

    @Override
    public NDArray reshape(NDArray a, Shape shape) {
        long known = shape.knownSize();
        return run(in -> in.get(0).reshape(shape.withTokens(a.size() / known).toArray()), a);
    }

    @Override
    public NDArray permute(NDArray a, List<Integer> axes) {
        return run(in -> Tensor.of(new Op.Permute(in.get(0), axes)), a);
    }

    @Override
    public NDArray slice(NDArray a, int axis, long begin, long end) {
        return run(in -> in.get(0).slice(axis, begin, end), a);
    }

    @Override
    public NDArray pad(NDArray a, int axis, long before, long after) {
        return run(in -> in.get(0).pad(axis, before, after), a);
    }

    @Override
    public NDArray tile(NDArray a, int axis, long times) {
        return run(in -> in.get(0).tile(axis, times), a);
    }

    @Override
    public NDArray concat(List<NDArray> parts, int axis) {
        return run(in -> Tensor.concat(axis, in), parts.toArray(NDArray[]::new));
    }

    @Override
    public NDArray sum(NDArray a, List<Integer> axes, boolean keepDims) {
        return run(in -> Tensor.of(new Op.Sum(in.get(0), axes, keepDims)), a);
    }

    @Override
    public NDArray expandAs(NDArray a, NDArray like) {
        return run(in -> in.get(0).expandAs(in.get(1)), a, like);
    }

    @Override
    public NDArray sqrt(NDArray a) {
        return run(in -> in.get(0).sqrt(), a);
    }

    @Override
    public NDArray inverse(NDArray a) {
        return run(in -> in.get(0).inverse(), a);
    }

    @Override
    public NDArray stopGradient(NDArray a) {
        return run(in -> in.get(0).stopGradient(), a);
    }

    @Override
    public NDArray cast(NDArray a, DType type) {
        return run(in -> in.get(0).cast(type), a);
    }

    @Override
    public NDArray dropoutMask(NDArray like, double rate) {
        return run(in -> Tensor.of(new Op.DropoutMask(in.get(0), rate)), like);
    }
}
