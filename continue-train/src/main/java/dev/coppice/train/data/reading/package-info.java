/** How data is read: its form, and which tokens begin and end documents. */
@NullMarked
package dev.coppice.train.data.reading;

import org.jspecify.annotations.NullMarked;
