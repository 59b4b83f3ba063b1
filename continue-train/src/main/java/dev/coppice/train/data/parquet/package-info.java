/**
 * Columns of text in Parquet files, without Hadoop. Main type: {@link
 * dev.coppice.train.data.parquet.ParquetStrings}.
 */
@NullMarked
package dev.coppice.train.data.parquet;

import org.jspecify.annotations.NullMarked;
