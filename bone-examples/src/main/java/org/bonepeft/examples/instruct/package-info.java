/**
 * {@code bone instruct}: fine-tuning on instructions with answers, and answers for HumanEval and MT-Bench. Start at {@link
 * org.bonepeft.examples.instruct.InstructCommand}.
 */
@NullMarked
package org.bonepeft.examples.instruct;

import org.jspecify.annotations.NullMarked;
