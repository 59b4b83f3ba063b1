/**
 * Reports as plain text, Markdown and one self-contained HTML page with charts in SVG; no scripts,
 * nothing fetched. Main type: {@link dev.coppice.bench.report.HtmlPage}.
 */
@NullMarked
package dev.coppice.bench.report;

import org.jspecify.annotations.NullMarked;
