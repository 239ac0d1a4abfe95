/** The exact backend in plain Java, float64 throughout: oracle of the tests, engine of offline merging. */
@NullMarked
package org.bonepeft.reference;

import org.jspecify.annotations.NullMarked;
