/** Random numbers without a state: each is a function of a seed and of its purpose. */
@NullMarked
package dev.coppice.moe.random;

import org.jspecify.annotations.NullMarked;
