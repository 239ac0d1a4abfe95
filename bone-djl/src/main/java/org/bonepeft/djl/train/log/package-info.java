/** Logs of training runs as files: JSON lines, CSV, TensorBoard. */
@NullMarked
package org.bonepeft.djl.train.log;

import org.jspecify.annotations.NullMarked;
