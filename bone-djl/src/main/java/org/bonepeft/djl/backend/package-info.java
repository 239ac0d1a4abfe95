/** Graphs run operation by operation on DJL arrays. */
@NullMarked
package org.bonepeft.djl.backend;

import org.jspecify.annotations.NullMarked;
