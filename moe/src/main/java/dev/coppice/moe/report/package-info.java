/**
 * Reports as plain text, Markdown and one self-contained HTML page with charts in SVG; no scripts,
 * nothing fetched. Main type: {@link dev.coppice.moe.report.HtmlPage}.
 */
@NullMarked
package dev.coppice.moe.report;

import org.jspecify.annotations.NullMarked;
