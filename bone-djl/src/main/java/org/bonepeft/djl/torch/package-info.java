/**
 * The PyTorch engine's fast path: TorchScript written in Java at run time, bfloat16, and the kernels that DJL lacks.
 * Start at {@link org.bonepeft.djl.torch.TorchModule}; {@link org.bonepeft.djl.torch.TorchEngine} is the one class that
 * knows DJL's internals.
 */
@NullMarked
package org.bonepeft.djl.torch;

import org.jspecify.annotations.NullMarked;
