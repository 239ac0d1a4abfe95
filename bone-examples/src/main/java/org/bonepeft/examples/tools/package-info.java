/** The commands for adapters and models on disk: merge, unmerge, inspect, convert, diff. They start no engine. */
@NullMarked
package org.bonepeft.examples.tools;

import org.jspecify.annotations.NullMarked;
