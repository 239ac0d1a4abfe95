/** What all parts of bone share: the exception for input that does not fit. */
@NullMarked
package org.bonepeft;

import org.jspecify.annotations.NullMarked;
