package org.bonepeft.djl.model.llama;

/** The models of this form, by {@code model_type}. */
public enum LlamaFamily {
    /** LLaMA 1, 2 and 3; {@code attention_bias} gives all four projections a bias. */
    LLAMA("llama", "LlamaForCausalLM"),
    /** Mistral: no bias, a sliding window. */
    MISTRAL("mistral", "MistralForCausalLM"),
    /** Qwen2: q, k and v have a bias, o has none. */
    QWEN2("qwen2", "Qwen2ForCausalLM");

    private final String key;
    private final String architecture;

    LlamaFamily(String key, String architecture) {
        this.key = key;
        this.architecture = architecture;
    }

    /** Returns the value of {@code model_type}. */
    public String key() {
        return key;
    }

    /** Returns the class in Hugging Face transformers. */
    String architecture() {
        return architecture;
    }
}
