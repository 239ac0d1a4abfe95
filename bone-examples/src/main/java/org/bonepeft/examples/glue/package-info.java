/** {@code bone glue}: the tasks of the GLUE benchmark, from their TSV files to one table of results. */
@NullMarked
package org.bonepeft.examples.glue;

import org.jspecify.annotations.NullMarked;
