/** Training of adapted models: {@link org.bonepeft.djl.train.FineTuner} is the loop, the rest is what it is told. */
@NullMarked
package org.bonepeft.djl.train;

import org.jspecify.annotations.NullMarked;
