/** Files that are either completely written or not written at all. */
@NullMarked
package org.bonepeft.io;

import org.jspecify.annotations.NullMarked;
