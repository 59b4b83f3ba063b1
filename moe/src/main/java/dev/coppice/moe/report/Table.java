package dev.coppice.moe.report;

import static com.google.common.base.Preconditions.checkArgument;
import static com.google.common.collect.ImmutableList.toImmutableList;

import com.google.common.collect.ImmutableList;
import dev.coppice.moe.chart.Markup;
import java.util.stream.Collectors;
import java.util.stream.IntStream;

/**
 * A table of text: for a terminal, Markdown or HTML. The first column is aligned left, the others
 * right, as they are numbers.
 *
 * @param header column names; at least one
 * @param rows as long as the header, each
 */
public record Table(ImmutableList<String> header, ImmutableList<ImmutableList<String>> rows) {
  /** Checks that every row has a cell for every column. */
  public Table {
    checkArgument(!header.isEmpty(), "a table must have a column, got none");
    for (ImmutableList<String> row : rows) {
      checkArgument(
          row.size() == header.size(),
          "a row must have %s cells, got %s (%s)",
          header.size(),
          row.size(),
          row);
    }
  }

  /** Columns padded with spaces, a rule under the header; no newline at the end. */
  public String console() {
    ImmutableList<Integer> widths = widths();
    String rule = widths.stream().map("-"::repeat).collect(Collectors.joining("  "));
    String body = rows.stream().map(r -> line(r, widths)).collect(Collectors.joining("\n"));
    return line(header, widths) + "\n" + rule + "\n" + body;
  }

  /** A Markdown table; no newline at the end. */
  public String markdown() {
    String rule = "|---" + "|---:".repeat(header.size() - 1) + "|";
    String body = rows.stream().map(Table::markdownRow).collect(Collectors.joining("\n"));
    return markdownRow(header) + "\n" + rule + "\n" + body;
  }

  /** A {@code table} element, ending in a newline. */
  public String html() {
    StringBuilder out = new StringBuilder("<table>\n<thead>");
    appendRow(out, header, "th");
    out.append("</thead>\n<tbody>\n");
    rows.forEach(row -> appendRow(out, row, "td"));
    return out.append("</tbody>\n</table>\n").toString();
  }

  private ImmutableList<Integer> widths() {
    return IntStream.range(0, header.size())
        .mapToObj(
            c ->
                Math.max(
                    length(header.get(c)),
                    rows.stream().mapToInt(r -> length(r.get(c))).max().orElse(0)))
        .collect(toImmutableList());
  }

  private static int length(String text) {
    return text.codePointCount(0, text.length());
  }

  private static String line(ImmutableList<String> cells, ImmutableList<Integer> widths) {
    return IntStream.range(0, cells.size())
        .mapToObj(c -> padded(cells.get(c), widths.get(c), c == 0))
        .collect(Collectors.joining("  "))
        .stripTrailing();
  }

  private static String padded(String text, int width, boolean left) {
    String space = " ".repeat(width - length(text));
    return left ? text + space : space + text;
  }

  private static String markdownRow(ImmutableList<String> cells) {
    return cells.stream()
        .map(c -> c.replace("\\", "\\\\").replace("|", "\\|").replace("\n", " "))
        .collect(Collectors.joining(" | ", "| ", " |"));
  }

  private static void appendRow(StringBuilder out, ImmutableList<String> cells, String tag) {
    out.append("<tr>");
    for (String cell : cells) {
      out.append('<').append(tag).append('>').append(Markup.escape(cell));
      out.append("</").append(tag).append('>');
    }
    out.append("</tr>\n");
  }
}
