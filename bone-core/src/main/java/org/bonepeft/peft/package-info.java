/** Hugging Face PEFT's conventions: how target modules are named, and the files that adapters are kept in. */
@NullMarked
package org.bonepeft.peft;

import org.jspecify.annotations.NullMarked;
