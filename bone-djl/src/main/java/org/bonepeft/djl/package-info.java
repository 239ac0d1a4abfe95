/**
 * The binding to Deep Java Library: {@link org.bonepeft.djl.Adapters#attach} wraps the {@code Linear} layers of a DJL
 * model with adapters and returns an {@link org.bonepeft.djl.AdaptedModel}.
 */
@NullMarked
package org.bonepeft.djl;

import org.jspecify.annotations.NullMarked;
