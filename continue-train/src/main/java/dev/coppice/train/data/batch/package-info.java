/** The order in which training draws windows of tokens, alone or in a mixture. */
@NullMarked
package dev.coppice.train.data.batch;

import org.jspecify.annotations.NullMarked;
