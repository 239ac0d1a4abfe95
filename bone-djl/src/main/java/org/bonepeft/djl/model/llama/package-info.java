/**
 * LLaMA 2 and 3, Mistral and Qwen2: decoders with rotary positions and grouped-query attention. Start at {@link
 * org.bonepeft.djl.model.llama.LlamaForCausalLm}.
 */
@NullMarked
package org.bonepeft.djl.model.llama;

import org.jspecify.annotations.NullMarked;
