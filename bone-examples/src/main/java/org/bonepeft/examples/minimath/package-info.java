/**
 * A made-up MetaMath: word problems from schemas, their step-by-step answers, and text for a model to learn reading and
 * reckoning from, without the answers. Start at {@link org.bonepeft.examples.minimath.MiniMetaMath}.
 */
@NullMarked
package org.bonepeft.examples.minimath;

import org.jspecify.annotations.NullMarked;
