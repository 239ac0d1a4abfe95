package org.bonepeft.djl.torch;

import ai.djl.engine.EngineException;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.nn.SymbolBlock;
import java.lang.ref.Cleaner;
import java.lang.ref.Reference;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.bonepeft.BoneException;

/**
 * TorchScript methods written as text, loaded once and called from Java: one crossing of the JNI border (6 to 10
 * microseconds) however many operations the method holds.
 *
 * <pre>{@code
 * try (TorchModule module = TorchModule.compile("""
 *         def silu(self: __torch__.M, x: Tensor) -> Tensor:
 *           return torch.silu(x)
 *         """)) {
 *     NDArray y = module.call("silu", x).singletonOrThrow();
 * }
 * }</pre>
 *
 * <p>The text is what {@code torch.jit.save} writes: every function of {@code torch.} is one of ATen's. A module holds
 * no tensors, so it belongs to no device and serves arrays of any. Equal texts share one loaded module, freed when the
 * last of its owners closes it. Any number of threads may call it at once; the thread's grad mode decides whether
 * gradients are recorded.
 */
public final class TorchModule implements AutoCloseable {
    private static final Map<String, Loaded> LOADED = new HashMap<>();

    private static final Cleaner CLEANER = Cleaner.create();

    private final Share share;

    private TorchModule(Loaded loaded) {
        this.share = new Share(loaded);
    }

    private static final class Loaded {
        final String methods;
        final SymbolBlock block;
        int owners;

        Loaded(String methods) {
            this.methods = methods;
            this.block = load(methods);
        }
    }

    /** What one owner holds; it must not refer to the owner, which may be garbage. */
    private static final class Share implements Runnable {
        final Loaded loaded;
        volatile boolean closed;

        Share(Loaded loaded) {
            this.loaded = loaded;
        }

        @Override
        public void run() {
            synchronized (LOADED) {
                if (closed) {
                    return;
                }
                closed = true;
                if (--loaded.owners == 0) {
                    LOADED.remove(loaded.methods);
                    TorchEngine.close(loaded.block);
                }
            }
        }
    }

    /**
     * Loads methods, each of the form {@code def name(self: __torch__.M, x: Tensor) -> Tensor:}.
     *
     * @throws BoneException if TorchScript cannot be used here ({@link TorchEngine#unavailable()}) or the text is wrong
     */
    public static TorchModule compile(String methods) {
        synchronized (LOADED) {
            Loaded loaded = LOADED.computeIfAbsent(methods, Loaded::new);
            loaded.owners++;
            return new TorchModule(loaded);
        }
    }

    private static SymbolBlock load(String methods) {
        try {
            return TorchEngine.load(TorchArchive.of(methods));
        } catch (EngineException e) {
            throw new BoneException("TorchScript refuses the text: " + e.getMessage(), e);
        }
    }

    /** Returns how many owners the module of this text has; 0 if it is not loaded. */
    static int owners(String methods) {
        synchronized (LOADED) {
            return Optional.ofNullable(LOADED.get(methods))
                    .map(loaded -> loaded.owners)
                    .orElse(0);
        }
    }

    /** Lets this module be closed when it is garbage: nobody refers to it and no call of it runs. */
    public TorchModule closeWhenUnreachable() {
        CLEANER.register(this, share);
        return this;
    }

    /** Lets {@code owner} close this module when it is closed itself. */
    public TorchModule closeWith(NDManager owner) {
        owner.attachInternal("torch-module-" + System.identityHashCode(this), this);
        return this;
    }

    /**
     * Calls a method on tensors. The results belong to the manager of the first one, as with DJL's own operations, and
     * to the thread's {@code NDScope} if there is one. A tuple comes back as a list.
     *
     * @throws EngineException if the method fails, for example because shapes do not fit
     */
    public NDList call(String method, NDArray... inputs) {
        Call call = method(method);
        for (NDArray input : inputs) {
            call.tensor(input);
        }
        return call.run();
    }

    /** Starts a call with arguments that are not all tensors, in the order of the method's parameters. */
    public Call method(String name) {
        return new Call(name);
    }

    /** Frees the module if this was its last owner; closing twice does nothing. */
    @Override
    public void close() {
        share.run();
    }

    /** The arguments of one call. */
    public final class Call {
        private final String method;
        private final NDList arguments = new NDList();
        private Optional<NDManager> manager = Optional.empty();
        private int lists;

        private Call(String method) {
            this.method = method;
        }

        /** Adds an argument of type {@code Tensor}. */
        public Call tensor(NDArray array) {
            arguments.add(TorchEngine.tensor(array));
            return this;
        }

        /** Adds an argument of type {@code List[Tensor]}; it must not be empty. */
        public Call list(List<NDArray> arrays) {
            if (arrays.isEmpty()) {
                throw new IllegalArgumentException("an empty tensor list cannot be handed to " + method);
            }
            String name = "list" + lists++;
            arrays.forEach(array -> arguments.add(TorchEngine.member(array, name)));
            return this;
        }

        /** Adds an argument of type {@code str}, a number: the method reads it by {@code float(x)} or {@code int(x)}. */
        public Call number(Number value) {
            return text(value.toString());
        }

        /** Adds an argument of type {@code str}. */
        public Call text(String value) {
            arguments.add(TorchEngine.text(arguments.get(0).getManager(), value));
            return this;
        }

        /** Attaches the results to this manager instead of that of the first tensor. */
        public Call into(NDManager owner) {
            manager = Optional.of(owner);
            return this;
        }

        /** Calls the method. */
        public NDList run() {
            if (share.closed) {
                throw new IllegalStateException("the module of " + method + " is closed");
            }
            NDManager owner = manager.orElseGet(() -> arguments.get(0).getManager());
            try {
                return TorchEngine.call(share.loaded.block, method, owner, arguments);
            } finally {
                Reference.reachabilityFence(TorchModule.this);
            }
        }
    }
}
