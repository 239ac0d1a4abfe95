package org.bonepeft.djl.torch;

/** The methods of {@code kernels.py}, loaded on first use and kept for the life of the JVM. */
final class TorchMethods {
    private TorchMethods() {}

    private static final class Holder {
        static final TorchModule MODULE = TorchModule.compile(ScriptText.of(TorchMethods.class, "kernels.py"));
    }

    /** Starts a call. */
    static TorchModule.Call method(String name) {
        TorchEngine.require();
        return Holder.MODULE.method(name);
    }
}
