/**
 * The safetensors file format: a strict, memory-mapped reader ({@link org.bonepeft.safetensors.SafetensorsFile}, or
 * {@link org.bonepeft.safetensors.ShardedSafetensors} for a model directory) and a deterministic, atomic writer
 * ({@link org.bonepeft.safetensors.SafetensorsWriter}). Start reading at {@link org.bonepeft.safetensors.TensorSource}.
 */
@NullMarked
package org.bonepeft.safetensors;

import org.jspecify.annotations.NullMarked;
