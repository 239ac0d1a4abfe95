/**
 * Text generation: {@link org.bonepeft.djl.generate.Generator} continues token sequences with any {@link
 * org.bonepeft.djl.model.CausalLm}.
 */
@NullMarked
package org.bonepeft.djl.generate;

import org.jspecify.annotations.NullMarked;
