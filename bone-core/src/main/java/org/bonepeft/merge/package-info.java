/**
 * Tools for models and adapters on disk, without any engine: merge, unmerge, convert, inspect, compare. Weights stream
 * through in rows, so that a model may be larger than memory. Start reading at {@link org.bonepeft.merge.OfflineMerge}.
 */
@NullMarked
package org.bonepeft.merge;

import org.jspecify.annotations.NullMarked;
