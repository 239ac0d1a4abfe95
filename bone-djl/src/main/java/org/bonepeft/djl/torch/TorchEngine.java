package org.bonepeft.djl.torch;

import ai.djl.Device;
import ai.djl.engine.Engine;
import ai.djl.engine.EngineException;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.NDScope;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import ai.djl.nn.SymbolBlock;
import ai.djl.pytorch.engine.PtNDArray;
import ai.djl.pytorch.engine.PtNDManager;
import ai.djl.pytorch.engine.PtSymbolBlock;
import ai.djl.pytorch.jni.IValueUtils;
import ai.djl.pytorch.jni.JniUtils;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import org.bonepeft.BoneException;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The one class that touches DJL's internal PyTorch classes. They may change with any release of DJL, so only the pairs
 * of versions that the tests ran on are let through; with any other, {@link #unavailable()} says why and callers work
 * op by op.
 */
public final class TorchEngine {
    private static final Logger LOG = LoggerFactory.getLogger(TorchEngine.class);
    private static final String NAME = "PyTorch";

    /** Versions of DJL / PyTorch that this class was tested with. */
    private static final Set<String> TESTED = Set.of("0.35.1/2.7.1", "0.32.0/2.5.1");

    private TorchEngine() {}

    /** Checked once, on first use: loading the engine takes a second. */
    private static final class State {
        static final Optional<String> UNAVAILABLE = check();
        static final NDManager MODULES = Engine.getEngine(NAME).newBaseManager(Device.cpu());
    }

    /** Returns why TorchScript cannot be used in this JVM, or empty if it can. The reason is logged once. */
    public static Optional<String> unavailable() {
        return State.UNAVAILABLE;
    }

    /** Returns whether arrays of this manager can be handed to TorchScript. */
    public static boolean serves(NDManager manager) {
        return manager.getEngine().getEngineName().equals(NAME) && unavailable().isEmpty();
    }

    private static Optional<String> check() {
        Optional<String> reason = reason();
        reason.ifPresent(text -> LOG.warn("TorchScript is off, operations run one by one: {}", text));
        return reason;
    }

    private static Optional<String> reason() {
        try {
            return untested(Engine.getDjlVersion(), Engine.getEngine(NAME).getVersion());
        } catch (EngineException | IllegalArgumentException | LinkageError e) {
            return Optional.of("the PyTorch engine does not load: " + e);
        }
    }

    static Optional<String> untested(String djl, String torch) {
        if (TESTED.contains(djl + "/" + torch)) {
            return Optional.empty();
        }
        return Optional.of("DJL " + djl + " with PyTorch " + torch + " is not among the tested versions "
                + new TreeSet<>(TESTED) + "; use one of these");
    }

    /** Throws {@link BoneException} with the reason if TorchScript cannot be used. */
    static void require() {
        unavailable().ifPresent(reason -> {
            throw new BoneException("TorchScript is needed here, but " + reason);
        });
    }

    /** Loads an archive. It belongs to nobody: {@link #close} it. */
    static SymbolBlock load(byte[] archive) {
        require();
        try {
            return JniUtils.loadModule((PtNDManager) State.MODULES, new ByteArrayInputStream(archive), true, false);
        } catch (IOException e) {
            throw new IllegalStateException("reading from memory failed", e);
        }
    }

    /** Frees a loaded archive. */
    static void close(SymbolBlock module) {
        ((PtSymbolBlock) module).close();
    }

    /**
     * Calls a method; the results are attached to {@code manager} (and to the thread's {@code NDScope}, as all arrays).
     *
     * <p>The training flag of DJL's call is always on: off, it makes results that autograd refuses. Whether gradients
     * are recorded is the thread's grad mode alone. The graph executor's optimizer is a setting of the thread; off, the
     * first calls do not profile and recompile, which costs 60 ms each for nothing here.
     */
    static NDList call(SymbolBlock module, String method, NDManager manager, NDList arguments) {
        NDList inputs = new NDList(arguments.size() + 1);
        inputs.add(new Argument(manager, "module_method:" + method, ""));
        inputs.addAll(arguments);
        JniUtils.setGraphExecutorOptimize(false);
        return IValueUtils.forward((PtSymbolBlock) module, inputs, true);
    }

    /** Returns the array as a plain argument, whatever its name: DJL reads names such as {@code a.b} as structure. */
    static NDArray tensor(NDArray array) {
        return array.getName() == null ? checked(array) : new Argument(checked(array), null);
    }

    /** Returns the array as a member of a tensor list; members of one list carry the same name. */
    static NDArray member(NDArray array, String list) {
        return new Argument(checked(array), list + "[]");
    }

    /** Returns a string argument. */
    static NDArray text(NDManager manager, String value) {
        return new Argument(manager, null, value);
    }

    private static PtNDArray checked(NDArray array) {
        if (array instanceof PtNDArray torch) {
            return torch;
        }
        throw new BoneException("an array of " + array.getManager().getEngine().getEngineName()
                + " was handed to TorchScript; it takes arrays of the PyTorch engine only");
    }

    static boolean isGradEnabled() {
        return JniUtils.isGradMode();
    }

    static void setGradEnabled(boolean enabled) {
        JniUtils.setGradMode(enabled);
    }

    static void backward(NDArray y, NDArray dy, boolean keepGraph) {
        JniUtils.backward(checked(y), checked(dy), keepGraph, false);
    }

    /** Returns a new handle of the gradient that backward left at a leaf, or empty if it left none. */
    static Optional<NDArray> gradient(NDArray leaf) {
        return Optional.ofNullable(JniUtils.getGradient(checked(leaf)));
    }

    /** Sets the gradient of a leaf, if it has one, to zero. */
    static void zeroGradient(NDArray leaf) {
        JniUtils.zeroGrad(checked(leaf));
    }

    /** An argument without native memory of its own: a string, or another array under a name of our choice. */
    private static final class Argument extends PtNDArray {
        private static final Shape NONE = new Shape();

        private final Optional<PtNDArray> target;

        Argument(NDManager manager, @Nullable String name, String text) {
            super((PtNDManager) manager, new String[] {text}, NONE);
            NDScope.unregister(this);
            target = Optional.empty();
            setName(name);
        }

        Argument(PtNDArray array, @Nullable String name) {
            super(array.getManager(), new String[0], NONE);
            NDScope.unregister(this);
            target = Optional.of(array);
            setName(name);
        }

        @Override
        public Long getHandle() {
            return target.map(PtNDArray::getHandle).orElseGet(super::getHandle);
        }

        @Override
        public DataType getDataType() {
            return target.isPresent() ? DataType.UNKNOWN : DataType.STRING;
        }
    }
}
