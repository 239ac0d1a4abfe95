package org.bonepeft.djl.model;

/**
 * A linear layer {@code y = W x + bias} of a model, by its sizes alone: W is (out, in).
 *
 * @param path where it stands, as {@code model.layers.0.self_attn.q_proj}
 * @param in number of input features
 * @param out number of output features
 * @param bias whether it has a bias (out)
 */
public record LinearShape(String path, long in, long out, boolean bias) {}
