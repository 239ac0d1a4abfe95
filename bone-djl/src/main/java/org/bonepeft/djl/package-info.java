/** The binding to Deep Java Library: wrap the {@code Linear} layers of a DJL model with adapters. */
@NullMarked
package org.bonepeft.djl;

import org.jspecify.annotations.NullMarked;
