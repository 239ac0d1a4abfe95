/** Element types and plain dense arrays: what files, graphs and the reference backend have in common. */
@NullMarked
package org.bonepeft.tensor;

import org.jspecify.annotations.NullMarked;
