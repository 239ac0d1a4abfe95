package org.bonepeft.djl.model.rwkv6;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import org.bonepeft.djl.torch.ScriptText;
import org.bonepeft.djl.torch.TorchModule;

/** The kernels as methods of {@code rwkv6.py}. */
final class TorchRwkv6Kernels implements Rwkv6Kernels {
    static final TorchRwkv6Kernels INSTANCE = new TorchRwkv6Kernels();

    private static final class Script {
        static final TorchModule MODULE = TorchModule.compile(ScriptText.of(TorchRwkv6Kernels.class, "rwkv6.py"));
    }

    private TorchRwkv6Kernels() {}

    @Override
    public NDList mix(NDArray x, NDArray shift, NDList parameters) {
        TorchModule.Call call = Script.MODULE.method("mix").tensor(x).tensor(shift);
        parameters.forEach(call::tensor);
        return call.run();
    }

    @Override
    public NDList wkv(Form form, NDArray r, NDArray k, NDArray v, NDArray z, NDArray u, NDArray state) {
        String method =
                switch (form) {
                    case SCAN -> "scan";
                    case CHUNKED -> "chunked";
                };
        return Script.MODULE.call(method, r, k, v, z, u, state);
    }

    @Override
    public NDList attend(
            NDArray r,
            NDArray k,
            NDArray v,
            NDArray g,
            NDArray z,
            NDArray u,
            NDArray state,
            NDArray weight,
            NDArray bias,
            double eps) {
        TorchModule.Call call = Script.MODULE.method("attend");
        new NDList(r, k, v, g, z, u, state, weight, bias).forEach(call::tensor);
        return call.number(eps).run();
    }

    @Override
    public NDList mixChannels(NDArray x, NDArray shift, NDArray maaK, NDArray maaR) {
        return Script.MODULE.call("mix_channels", x, shift, maaK, maaR);
    }

    @Override
    public NDArray squaredRelu(NDArray x) {
        return Script.MODULE.call("squared_relu", x).singletonOrThrow();
    }

    @Override
    public NDArray gated(NDArray gate, NDArray x) {
        return Script.MODULE.call("gated", gate, x).singletonOrThrow();
    }
}
