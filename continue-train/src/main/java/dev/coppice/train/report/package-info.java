/**
 * Report of runs as one self-contained page. Main type: {@link dev.coppice.train.report.RunReport}.
 */
@NullMarked
package dev.coppice.train.report;

import org.jspecify.annotations.NullMarked;
