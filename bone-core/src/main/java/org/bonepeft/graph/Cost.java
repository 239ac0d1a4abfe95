package org.bonepeft.graph;

import java.util.Collection;
import java.util.HashMap;
import java.util.HashSet;
import java.util.Map;
import java.util.Set;
import org.bonepeft.tensor.Shape;

/**
 * What a graph costs, as functions of the number of tokens. One multiplication and one addition are two FLOPs; views
 * cost nothing; a reshape of a permuted view copies it.
 *
 * @param flops floating-point operations
 * @param allocatedBytes bytes of all results, views and reused memory not counted
 * @param keptBytes bytes of intermediate results that the backward pass reads, which therefore stay until then; 0 for a
 *     graph without a backward pass
 */
public record Cost(TokenCount flops, TokenCount allocatedBytes, TokenCount keptBytes) {
    /** FLOPs that a machine does in the time in which it moves one byte; about right for CPUs and GPUs of today. */
    private static final double FLOPS_PER_BYTE = 20;

    /** Returns the cost of running a graph once. */
    public static Cost of(Graph graph) {
        TokenCount flops = TokenCount.ZERO;
        TokenCount bytes = TokenCount.ZERO;
        Set<Tensor> strided = strided(graph);
        for (Tensor node : graph.nodes()) {
            flops = flops.plus(flops(node));
            if (allocates(node, strided) && !graph.mayReuseFirstOperand(node)) {
                bytes = bytes.plus(bytes(node));
            }
        }
        return new Cost(flops, bytes, TokenCount.ZERO);
    }

    /** Returns the cost of one forward and backward pass with gradients of some inputs. */
    public static Cost ofTraining(Graph forward, Collection<String> wrt) {
        Cost ahead = of(forward);
        Graph gradients = Gradients.of(forward, wrt);
        Set<Tensor> forwardNodes = new HashSet<>(forward.nodes());
        Set<Tensor> strided = strided(forward);
        Map<Tensor, Tensor> storage = new HashMap<>();
        for (Tensor node : forward.nodes()) {
            boolean shares = !allocates(node, strided) && !node.op().operands().isEmpty();
            boolean takesOver = forward.mayReuseFirstOperand(node);
            storage.put(
                    node,
                    shares || takesOver
                            ? storage.getOrDefault(node.op().operands().get(0), node)
                            : node);
        }
        TokenCount flops = ahead.flops;
        TokenCount bytes = ahead.allocatedBytes;
        Set<Tensor> kept = new HashSet<>();
        Set<Tensor> stridedBack = strided(gradients);
        for (Tensor node : gradients.nodes()) {
            if (forwardNodes.contains(node)) {
                continue;
            }
            flops = flops.plus(flops(node));
            if (allocates(node, stridedBack) && !gradients.mayReuseFirstOperand(node)) {
                bytes = bytes.plus(bytes(node));
            }
            if (!(node.op() instanceof Op.ExpandAs)) {
                node.op().operands().stream()
                        .filter(forwardNodes::contains)
                        .map(operand -> storage.getOrDefault(operand, operand))
                        .filter(origin -> !(origin.op() instanceof Op.Input))
                        .forEach(kept::add);
            }
        }
        TokenCount keptBytes = kept.stream().map(Cost::bytes).reduce(TokenCount.ZERO, TokenCount::plus);
        return new Cost(flops, bytes, keptBytes);
    }

    /**
     * Returns a measure of time, in FLOPs: arithmetic plus memory traffic, of which every allocated byte is written and
     * read once.
     */
    public double time(long tokens) {
        return flops.at(tokens) + 2 * FLOPS_PER_BYTE * allocatedBytes.at(tokens);
    }

    private static TokenCount flops(Tensor node) {
        Op op = node.op();
        if (op instanceof Op.MatMul product) {
            return product(node.shape(), product.a().shape().dim(-1));
        }
        if (op instanceof Op.AddMatMul product) {
            return product(node.shape(), product.a().shape().dim(-1));
        }
        if (op instanceof Op.Inverse inverse) {
            return count(node.shape()).times(4.0 * inverse.a().shape().dim(-1));
        }
        if (op instanceof Op.Sum sum) {
            return count(sum.a().shape());
        }
        if (op instanceof Op.AddMul) {
            return count(node.shape()).times(2);
        }
        boolean arithmetic = op instanceof Op.Add
                || op instanceof Op.Sub
                || op instanceof Op.Mul
                || op instanceof Op.Div
                || op instanceof Op.Scale
                || op instanceof Op.Sqrt;
        return arithmetic ? count(node.shape()) : TokenCount.ZERO;
    }

    private static TokenCount product(Shape result, long inner) {
        if (inner >= 0) {
            return count(result).times(2.0 * inner);
        }
        if (result.isOpen()) {
            throw new GraphException("the cost of a product of tokens with tokens is not linear in them");
        }
        return new TokenCount(0, 2.0 * -inner * result.knownSize());
    }

    private static boolean allocates(Tensor node, Set<Tensor> strided) {
        Op op = node.op();
        if (op instanceof Op.Reshape reshape) {
            return strided.contains(reshape.a());
        }
        return !op.isView() && !(op instanceof Op.Input);
    }

    /** The values whose elements do not lie in row-major order without gaps. */
    private static Set<Tensor> strided(Graph graph) {
        Set<Tensor> strided = new HashSet<>();
        for (Tensor node : graph.nodes()) {
            Op op = node.op();
            boolean rows = op instanceof Op.Slice slice && slice.axis() == 0;
            boolean reorders =
                    op instanceof Op.Permute || op instanceof Op.ExpandAs || (op instanceof Op.Slice && !rows);
            boolean inherits = (op instanceof Op.StopGradient || rows)
                    && strided.contains(op.operands().get(0));
            if (reorders || inherits) {
                strided.add(node);
            }
        }
        return strided;
    }

    private static TokenCount count(Shape shape) {
        return shape.isOpen() ? new TokenCount(0, shape.knownSize()) : new TokenCount(shape.knownSize(), 0);
    }

    private static TokenCount bytes(Tensor tensor) {
        return count(tensor.shape()).times(tensor.type().bytes());
    }
}
