/**
 * RWKV-6 ("Finch", Peng et al. 2024): blocks and parameters under BlinkDL's names. Start at {@link
 * org.bonepeft.djl.model.rwkv6.Rwkv6ForCausalLm}; the recurrence is in {@link org.bonepeft.djl.model.rwkv6.Rwkv6Kernels}.
 */
@NullMarked
package org.bonepeft.djl.model.rwkv6;

import org.jspecify.annotations.NullMarked;
