/** {@code bone plan}: what methods cost on a model, from its shapes alone. */
@NullMarked
package org.bonepeft.examples.plan;

import org.jspecify.annotations.NullMarked;
