/**
 * {@code bone metamath}: fine-tuning on MetaMathQA, and scoring on GSM8K and MATH. Start at {@link
 * org.bonepeft.examples.metamath.MetaMathCommand}.
 */
@NullMarked
package org.bonepeft.examples.metamath;

import org.jspecify.annotations.NullMarked;
