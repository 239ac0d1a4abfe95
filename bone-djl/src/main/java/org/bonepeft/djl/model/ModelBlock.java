package org.bonepeft.djl.model;

import ai.djl.Device;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDArrays;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import ai.djl.ndarray.types.SparseFormat;
import ai.djl.nn.AbstractBlock;
import ai.djl.nn.Block;
import ai.djl.nn.Parameter;
import ai.djl.nn.core.Linear;
import ai.djl.nn.norm.Dropout;
import ai.djl.nn.norm.LayerNorm;
import ai.djl.training.ParameterStore;
import ai.djl.util.Pair;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.function.BiConsumer;
import java.util.function.ToLongFunction;
import org.bonepeft.djl.backend.GraphCall;
import org.bonepeft.djl.torch.LayerScript;
import org.bonepeft.djl.torch.TorchEngine;
import org.bonepeft.djl.torch.TorchTypes;
import org.bonepeft.tensor.DType;

/**
 * A block whose children and parameters are called as Hugging Face calls them, so that the chain of names is the name of
 * the tensor in {@code model.safetensors} and the path of a layer in an adapter's file.
 *
 * <p>Shapes are known from construction; arrays exist after {@link #initialize} only. Every linear is a DJL {@link
 * Linear}, found by name at each call, so that replacing it takes effect at once.
 */
public abstract class ModelBlock extends AbstractBlock implements NamedChildren {
    private static final byte VERSION = 1;

    private final List<String> names = new ArrayList<>();

    /** Creates a block without children and parameters. */
    protected ModelBlock() {
        super(VERSION);
    }

    /** Adds a child under its Hugging Face name. */
    protected final void addChild(String name, Block child) {
        addChildBlock(name, child);
        names.add(name);
    }

    /** Adds {@code y = W x + bias} with W (out, in) as the child {@code name}. */
    protected final void addLinear(String name, long in, long out, boolean bias) {
        Linear linear = new ModelLinear(out, bias);
        linear.prepare(new Shape[] {new Shape(in)});
        addChild(name, linear);
    }

    /** Returns whether a linear is still the one that was added, with nothing in its place. */
    protected final boolean isPlainLinear(String name) {
        return child(name) instanceof ModelLinear;
    }

    /** Adds a parameter of this block itself. */
    protected final void addTensor(String name, Parameter.Type type, long... shape) {
        addParameter(Parameter.builder()
                .setName(name)
                .setType(type)
                .optShape(new Shape(shape))
                .build());
    }

    /** Adds the parameters {@code name.weight} and {@code name.bias} of {@link #layerNorm}, each (size). */
    protected final void addLayerNorm(String name, long size) {
        addTensor(name + ".weight", Parameter.Type.GAMMA, size);
        addTensor(name + ".bias", Parameter.Type.BETA, size);
    }

    /** Returns the array of a parameter of this block on the device of {@code x}. */
    protected final NDArray tensor(ParameterStore store, String name, NDArray x, boolean training) {
        return store.getValue(parameters.get(name), x.getDevice(), training);
    }

    /** Returns what the child {@code name} makes of {@code inputs}. */
    protected final NDArray call(ParameterStore store, String name, boolean training, NDArray... inputs) {
        return call(store, name, training, new NDList(inputs));
    }

    /** Returns what the child {@code name} makes of {@code inputs}. */
    protected final NDArray call(ParameterStore store, String name, boolean training, NDList inputs) {
        return child(name).forward(store, inputs, training).singletonOrThrow();
    }

    /**
     * Returns {@code weight[id]} for each id.
     *
     * @param weight (vocabulary, hidden)
     * @param padding the id whose row gets no gradient, as that of torch's {@code Embedding(padding_idx)}
     */
    protected static NDArray embedding(NDArray ids, NDArray weight, OptionalInt padding) {
        NDArray rows = ids.getNDArrayInternal()
                .embedding(ids, weight, SparseFormat.DENSE)
                .singletonOrThrow();
        if (padding.isEmpty() || !weight.hasGradient()) {
            return rows;
        }
        // What is closed here lives on as far as backward needs it.
        try (rows;
                NDArray constant = rows.stopGradient();
                NDArray isPadding = ids.eq(padding.getAsInt());
                NDArray column = isPadding.expandDims(-1);
                NDArray element = column.broadcast(rows.getShape())) {
            return NDArrays.where(element, constant, rows);
        }
    }

    /**
     * Returns the script of this block with its linears as they are now, by their names; empty if one of them is no
     * single graph, or the engine knows no TorchScript: then the block must be computed piece by piece.
     *
     * @param x the block's input [..., features], of as many rows as each linear gets
     */
    protected final Optional<LayerScript.Filled> fill(
            LayerScript script, ParameterStore store, NDArray x, boolean training) {
        Shape shape = x.getShape();
        long rows = shape.size() / shape.get(shape.dimension() - 1);
        return fill(script, store, x, linear -> rows, training);
    }

    /**
     * Does the same where linears get different numbers of rows.
     *
     * @param rows of how many rows a linear gets its input
     */
    protected final Optional<LayerScript.Filled> fill(
            LayerScript script, ParameterStore store, NDArray x, ToLongFunction<String> rows, boolean training) {
        if (!TorchEngine.serves(x.getManager())) {
            return Optional.empty();
        }
        DType type = TorchTypes.of(x);
        Device device = x.getDevice();
        Map<String, GraphCall> calls = new HashMap<>();
        for (String name : script.linears()) {
            GraphLinear.Rows like = new GraphLinear.Rows(rows.applyAsLong(name), type, device, x.getManager());
            Optional<GraphCall> call = child(name) instanceof GraphLinear linear
                    ? linear.graphCall(store, like, training)
                    : Optional.empty();
            if (call.isEmpty()) {
                return Optional.empty();
            }
            calls.put(name, call.get());
        }
        return Optional.of(script.fill(calls, x));
    }

    /** {@code (x - mean) / sqrt(variance + eps) * weight + bias} over the last dimension. */
    protected final NDArray layerNorm(ParameterStore store, String name, NDArray x, double eps, boolean training) {
        NDArray weight = tensor(store, name + ".weight", x, training);
        NDArray bias = tensor(store, name + ".bias", x, training);
        return LayerNorm.layerNorm(x, weight.getShape(), weight, bias, (float) eps)
                .singletonOrThrow();
    }

    /** Sets a share of {@code rate} elements to zero and scales the others by 1 / (1 - rate), in training only. */
    protected static NDArray dropout(NDArray x, double rate, boolean training) {
        return training && rate > 0 ? Dropout.dropout(x, (float) rate, true).singletonOrThrow() : x;
    }

    /**
     * Returns the child called {@code name}.
     *
     * @throws IllegalArgumentException if there is no such child
     */
    protected final Block child(String name) {
        return children.valueAt(indexOf(name));
    }

    @Override
    public final Map<String, Block> namedChildren() {
        Map<String, Block> named = new LinkedHashMap<>();
        for (int i = 0; i < names.size(); i++) {
            named.put(names.get(i), children.valueAt(i));
        }
        return named;
    }

    @Override
    public final void replaceChild(String name, Block child) {
        int index = indexOf(name);
        String key = children.keyAt(index);
        children.remove(index);
        children.add(index, key, child);
    }

    /** Returns every parameter below this block by the name of its tensor, in the order of the blocks. */
    public final Map<String, Parameter> tensors() {
        Map<String, Parameter> tensors = new LinkedHashMap<>();
        visit("", this, (path, block) -> {
            for (Pair<String, Parameter> parameter : block.getDirectParameters()) {
                tensors.put(join(path, parameter.getKey()), parameter.getValue());
            }
        });
        return tensors;
    }

    /** Returns the sizes of every linear below this block, which need not be initialised. */
    public final List<LinearShape> linears() {
        List<LinearShape> linears = new ArrayList<>();
        visit("", this, (path, block) -> {
            if (block instanceof Linear linear) {
                Shape weight = weightShape(linear);
                boolean bias = linear.getDirectParameters().contains("bias");
                linears.add(new LinearShape(path, weight.get(1), weight.get(0), bias));
            }
        });
        return linears;
    }

    @Override
    protected void initializeChildBlocks(NDManager manager, DataType dataType, Shape... inputShapes) {
        for (Block child : children.values()) {
            if (child instanceof Linear linear) {
                linear.initialize(
                        manager, dataType, new Shape(1, weightShape(linear).get(1)));
            } else {
                child.initialize(manager, dataType, inputShapes);
            }
        }
    }

    private int indexOf(String name) {
        int index = names.indexOf(name);
        if (index < 0) {
            throw new IllegalArgumentException("no child '" + name + "', there are " + names);
        }
        return index;
    }

    private static Shape weightShape(Linear linear) {
        return linear.getDirectParameters().get("weight").getShape();
    }

    private static void visit(String path, Block block, BiConsumer<String, Block> visitor) {
        visitor.accept(path, block);
        if (block instanceof NamedChildren parent) {
            parent.namedChildren().forEach((name, child) -> visit(join(path, name), child, visitor));
        }
    }

    private static String join(String path, String name) {
        return path.isEmpty() ? name : path + "." + name;
    }
}
