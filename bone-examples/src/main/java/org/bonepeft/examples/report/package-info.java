/** What a command shows: text tables, a progress bar, a picture of the loss. */
@NullMarked
package org.bonepeft.examples.report;

import org.jspecify.annotations.NullMarked;
