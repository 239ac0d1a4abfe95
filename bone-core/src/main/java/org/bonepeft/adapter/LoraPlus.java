package org.bonepeft.adapter;

/**
 * LoRA+: {@code lora_B}, and vectors such as DoRA's magnitude, learn {@code ratio} times as fast as the rest. A statement
 * for the optimizer; the adapter itself is any LoRA. Source: Hayou, Ghosh and Yu, "LoRA+: Efficient Low Rank Adaptation
 * of Large Models"; PEFT's {@code create_loraplus_optimizer}.
 *
 * @param ratio the paper recommends about 16
 */
public record LoraPlus(double ratio) {
    /** Checks the ratio. */
    public LoraPlus {
        if (!(ratio > 0 && ratio < Double.POSITIVE_INFINITY)) {
            throw new AdapterException("LoRA+: the ratio must be positive and finite, not " + ratio);
        }
    }

    /** Returns what a parameter's learning rate is multiplied by. */
    public double factor(AdapterParameter parameter) {
        return parameter.name().equals(Lora.B) || parameter.shape().rank() == 1 ? ratio : 1;
    }
}
