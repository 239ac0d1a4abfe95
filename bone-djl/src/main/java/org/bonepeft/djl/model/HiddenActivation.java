package org.bonepeft.djl.model;

import ai.djl.ndarray.NDArray;
import ai.djl.nn.Activation;
import org.bonepeft.djl.torch.Kernels;

/** The function between the two linears of a feed-forward block, as {@code hidden_act} in {@code config.json} names it. */
public enum HiddenActivation {
    /** {@code x Phi(x)}, Phi by the error function. */
    GELU("gelu", "torch.gelu(%s)") {
        @Override
        public NDArray apply(NDArray x) {
            return Kernels.of(x.getManager()).gelu(x);
        }
    },
    /** {@code x/2 (1 + tanh(sqrt(2/pi) (x + 0.044715 x^3)))}. */
    GELU_NEW("gelu_new", "torch.gelu(%s, approximate=\"tanh\")") {
        @Override
        public NDArray apply(NDArray x) {
            return Kernels.of(x.getManager()).geluTanh(x);
        }
    },
    /** The same function as {@link #GELU_NEW} under its other name. */
    GELU_PYTORCH_TANH("gelu_pytorch_tanh", "torch.gelu(%s, approximate=\"tanh\")") {
        @Override
        public NDArray apply(NDArray x) {
            return Kernels.of(x.getManager()).geluTanh(x);
        }
    },
    /** {@code max(x, 0)}. */
    RELU("relu", "torch.relu(%s)") {
        @Override
        public NDArray apply(NDArray x) {
            return Activation.relu(x);
        }
    };

    private final String key;
    private final String script;

    HiddenActivation(String key, String script) {
        this.key = key;
        this.script = script;
    }

    /** Returns the value of {@code hidden_act}. */
    public String key() {
        return key;
    }

    /** Returns {@code f(x)} as a TorchScript expression, for the name of a variable. */
    public String script(String x) {
        return script.formatted(x);
    }

    /** Returns {@code f(x)}, element by element. */
    public abstract NDArray apply(NDArray x);
}
