/** The program {@code bone}. */
@NullMarked
package org.bonepeft.examples;

import org.jspecify.annotations.NullMarked;
