/**
 * What the examples with language models share: loading a model with its tokenizer, prompts with responses as tokens,
 * fine-tuning, generation. Start at {@link org.bonepeft.examples.lm.LanguageModel}.
 */
@NullMarked
package org.bonepeft.examples.lm;

import org.jspecify.annotations.NullMarked;
