/** {@code bone doctor}: what this machine runs on, and what is missing. */
@NullMarked
package org.bonepeft.examples.doctor;

import org.jspecify.annotations.NullMarked;
