/** Options that commands share: where PyTorch runs, how it draws, in which type weights are. */
@NullMarked
package org.bonepeft.examples.options;

import org.jspecify.annotations.NullMarked;
