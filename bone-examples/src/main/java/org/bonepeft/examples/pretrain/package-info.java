/**
 * {@code bone pretrain}: makes the mini GLUE and the mini RoBERTa, from the generator's text to a Hugging Face
 * directory: a byte-level BPE tokenizer, masked-LM training, the files.
 */
@NullMarked
package org.bonepeft.examples.pretrain;

import org.jspecify.annotations.NullMarked;
