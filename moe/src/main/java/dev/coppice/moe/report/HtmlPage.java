package dev.coppice.moe.report;

import static dev.coppice.moe.chart.Markup.escape;

import com.google.common.io.Resources;
import dev.coppice.moe.chart.ChartStyle;
import dev.coppice.moe.chart.IntervalChart;
import dev.coppice.moe.chart.LineChart;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;

/**
 * One HTML page that stands alone: style and charts are inside, scripts and outside references are
 * forbidden by its own content policy. All text given to it is escaped.
 */
public final class HtmlPage {
  private final StringBuilder body = new StringBuilder(32_768);
  private final String title;

  /**
   * Starts a page.
   *
   * @param title of the window and the first heading
   * @param lead a sentence or two under the heading
   */
  public HtmlPage(String title, String lead) {
    this.title = title;
    body.append("<h1>").append(escape(title)).append("</h1>\n");
    body.append("<p class=\"lead\">").append(escape(lead)).append("</p>\n");
  }

  /**
   * Starts a section.
   *
   * @param heading its heading
   */
  public HtmlPage section(String heading) {
    body.append("<h2>").append(escape(heading)).append("</h2>\n");
    return this;
  }

  /**
   * Adds a paragraph.
   *
   * @param text plain text
   */
  public HtmlPage paragraph(String text) {
    body.append("<p>").append(escape(text)).append("</p>\n");
    return this;
  }

  /**
   * Adds the sentence that the page is for, set apart.
   *
   * @param text plain text
   */
  public HtmlPage verdict(String text) {
    body.append("<p class=\"verdict\">").append(escape(text)).append("</p>\n");
    return this;
  }

  /**
   * Adds a table that scrolls sideways where the window is narrow.
   *
   * @param table what to show
   */
  public HtmlPage table(Table table) {
    body.append("<div class=\"wide\">\n").append(table.html()).append("</div>\n");
    return this;
  }

  /**
   * Adds a chart with a caption.
   *
   * @param chart what to draw
   * @param caption plain text
   */
  public HtmlPage chart(LineChart chart, String caption) {
    return figure(chart.svg(), caption);
  }

  /**
   * Adds a chart with a caption.
   *
   * @param chart what to draw
   * @param caption plain text
   */
  public HtmlPage chart(IntervalChart chart, String caption) {
    return figure(chart.svg(), caption);
  }

  /**
   * Adds text that can be unfolded, in a fixed-width face.
   *
   * @param summary what the reader sees first
   * @param text plain text, line breaks kept
   */
  public HtmlPage details(String summary, String text) {
    body.append("<details><summary>").append(escape(summary)).append("</summary>\n<pre>");
    body.append(escape(text)).append("</pre></details>\n");
    return this;
  }

  /** The whole page; the same calls give the same text. */
  public String html() {
    return """
        <!DOCTYPE html>
        <html lang="en">
        <head>
        <meta charset="utf-8">
        <meta http-equiv="Content-Security-Policy" \
        content="default-src 'none'; style-src 'unsafe-inline'">
        <meta name="viewport" content="width=device-width, initial-scale=1">
        <title>%s</title>
        <style>
        %s</style>
        </head>
        <body>
        <main>
        %s</main>
        </body>
        </html>
        """
        .formatted(escape(title), styleSheet(), body);
  }

  private HtmlPage figure(String svg, String caption) {
    body.append("<figure>\n").append(svg).append("<figcaption>").append(escape(caption));
    body.append("</figcaption>\n</figure>\n");
    return this;
  }

  private static String styleSheet() {
    try {
      String page =
          Resources.toString(
              Resources.getResource(HtmlPage.class, "report.css"), StandardCharsets.UTF_8);
      return ChartStyle.palette() + page + ChartStyle.rules();
    } catch (IOException e) {
      throw new UncheckedIOException("report.css must be readable", e);
    }
  }
}
