package org.bonepeft.adapter;

import org.bonepeft.tensor.Shape;

/**
 * A trainable tensor of an adapter. Parameters are float32, whatever the type of the base.
 *
 * @param name unique within the method, for example {@code lora_A}
 * @param shape closed
 * @param initializer how it starts
 */
public record AdapterParameter(String name, Shape shape, Initializer initializer) {}
