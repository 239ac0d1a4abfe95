/** {@code bone bench}: the work of {@code workloads.json} in fresh processes, beside other programs that run the same. */
@NullMarked
package org.bonepeft.examples.bench;

import org.jspecify.annotations.NullMarked;
