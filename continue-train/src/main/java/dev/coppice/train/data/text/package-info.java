/** Documents of text, plain or packed: files, JSON objects and columns of Parquet. */
@NullMarked
package dev.coppice.train.data.text;

import org.jspecify.annotations.NullMarked;
