/**
 * What tests of bone, and of code that binds bone to another framework, share: the one statement of tolerances and the
 * golden cases. It depends on no test framework.
 */
@NullMarked
package org.bonepeft.testkit;

import org.jspecify.annotations.NullMarked;
