package org.bonepeft.examples.bench;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.bonepeft.BoneException;
import org.bonepeft.adapter.AdapterGraphs;
import org.bonepeft.adapter.AdapterMethod;
import org.bonepeft.adapter.AdapterParameter;
import org.bonepeft.adapter.Bone;
import org.bonepeft.adapter.LayerSpec;
import org.bonepeft.djl.backend.GraphRunner;
import org.bonepeft.graph.Graph;
import org.bonepeft.tensor.DType;

/** One adapted layer, one engine call for each operation. */
final class OpByOpWork {
    /** Bat by columns as PEFT computes it. */
    static final String LITERAL = "bat-literal";

    private OpByOpWork() {}

    static Work of(NDManager manager, Fields work, String name, Draws draws) {
        boolean literal = name.equals(LITERAL);
        AdapterMethod method = BenchMethod.of(literal ? "bat-col" : name, work)
                .orElseThrow(() -> new BoneException("a layer without adapter is no case; choose a method"));
        LayerSpec spec = new LayerSpec("lin", work.integer("in"), work.integer("out"), false);
        NDArray weight = draws.weight(manager, "lin.weight", DType.F32, spec.out(), spec.in());
        Map<String, NDArray> inputs = new LinkedHashMap<>(Map.of(LayerSpec.WEIGHT, weight));
        for (AdapterParameter parameter : method.parameters(spec)) {
            String drawn = BenchMethod.drawName(spec.path(), parameter.name());
            NDArray value =
                    draws.weight(manager, drawn, DType.F32, parameter.shape().toArray());
            value.setRequiresGradient(true);
            inputs.put(parameter.name(), value);
        }
        List<NDArray> trained =
                inputs.values().stream().filter(NDArray::hasGradient).toList();
        if (literal) {
            NDArray block = Optional.ofNullable(inputs.get(Bone.BLOCK)).orElseThrow();
            return new LayerWork(manager, (x, training) -> literal(x, weight, block), trained, work, DType.F32, draws);
        }
        Graph graph = AdapterGraphs.forward(
                method, spec, AdapterGraphs.cheapest(method, spec, work.integer("tokens"), true), true);
        GraphRunner runner = GraphRunner.opByOp();
        LayerWork.Layer layer = (x, training) -> {
            Map<String, NDArray> all = new LinkedHashMap<>(inputs);
            all.put(LayerSpec.X, x);
            return runner.run(graph, all, manager);
        };
        return new LayerWork(manager, layer, trained, work, DType.F32, draws);
    }

    /**
     * Bat by columns, line by line as PEFT's MissLinear: DeltaW by permuted copies, a clone of W, W + DeltaW. As in Python,
     * each value is let go when nothing needs it any more; what backward needs the engine keeps.
     */
    private static NDArray literal(NDArray x, NDArray weight, NDArray block) {
        try (NDArray clone = weight.duplicate();
                NDArray delta = literalDelta(clone, block);
                NDArray moved = clone.add(delta);
                NDArray transposed = moved.transpose()) {
            return x.matMul(transposed);
        }
    }

    private static NDArray literalDelta(NDArray weight, NDArray block) {
        long out = weight.getShape().get(0);
        long in = weight.getShape().get(1);
        long b = block.getShape().get(2);
        try (NDArray grid = weight.reshape(out / b, b, in / b, b);
                NDArray permuted = grid.transpose(2, 0, 1, 3);
                NDArray product = permuted.matMul(block);
                NDArray sum = product.add(block);
                NDArray back = sum.transpose(1, 2, 0, 3)) {
            return back.reshape(out, in);
        }
    }
}
