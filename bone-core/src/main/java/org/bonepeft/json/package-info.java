/** Strict JSON: one value, no duplicate keys, bounded depth; printed the way Python prints it. */
@NullMarked
package org.bonepeft.json;

import org.jspecify.annotations.NullMarked;
