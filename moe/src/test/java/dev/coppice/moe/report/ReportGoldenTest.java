package dev.coppice.moe.report;

import static org.assertj.core.api.Assertions.assertThat;

import com.google.common.collect.ImmutableList;
import com.google.common.io.Resources;
import dev.coppice.moe.chart.Axis;
import dev.coppice.moe.chart.IntervalChart;
import dev.coppice.moe.chart.LineChart;
import dev.coppice.moe.chart.Point;
import dev.coppice.moe.chart.Series;
import dev.coppice.moe.chart.Tone;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;

/**
 * The report's bytes, kept. To write the files anew after an intended change: {@code
 * COPPICE_GOLDEN=write mvn test -pl moe -Dtest=ReportGoldenTest
 * -Dsurefire.failIfNoSpecifiedTests=false}.
 */
final class ReportGoldenTest {
  private static final Path SOURCES = Path.of("src/test/resources/dev/coppice/moe/report");

  private static final LineChart LINES =
      new LineChart(
          "Loss & compute <tiny>",
          Axis.linear("extra FLOPs"),
          Axis.log("loss"),
          ImmutableList.of(
              new Series(
                  "grown",
                  Tone.LEAD,
                  ImmutableList.of(new Point(0, 5.5), new Point(2e12, 2), new Point(4e12, 1.5))),
              new Series(
                  "kept \"as is\"",
                  Tone.MUTED,
                  ImmutableList.of(new Point(0, 2.5), new Point(4e12, 1.75)))));

  private static final IntervalChart INTERVALS =
      new IntervalChart(
          "Held-out loss",
          Axis.linear("nats a byte"),
          ImmutableList.of(
              new IntervalChart.Row("grown", Tone.LEAD, 1.48, 1.5, 1.53),
              new IntervalChart.Row("kept", Tone.THIRD, 1.7, 1.75, 1.8)));

  private static final Table TABLE =
      new Table(
          ImmutableList.of("arm", "loss"),
          ImmutableList.of(ImmutableList.of("grown", "1.50"), ImmutableList.of("a|b<c>", "12")));

  @Test
  void pageKeepsItsBytes() throws IOException {
    String html =
        new HtmlPage("Did growth pay? <yes>", "A lead & more.")
            .verdict("Grown wins.")
            .section("Loss")
            .chart(LINES, "Lower is better.")
            .chart(INTERVALS, "Bars are 95% intervals.")
            .paragraph("Plain text with <b>no</b> markup.")
            .table(TABLE)
            .details("Recipe", "{\n  \"seed\": 1\n}")
            .html();

    assertGolden("page.html", html);
    assertThat(html).doesNotContain("<script").doesNotContain("href=").doesNotContain("url(");
  }

  @Test
  void tablesKeepTheirBytes() throws IOException {
    assertGolden("table.txt", TABLE.console() + "\n\n" + TABLE.markdown() + "\n");
  }

  private static void assertGolden(String name, String actual) throws IOException {
    if ("write".equals(System.getenv("COPPICE_GOLDEN"))) {
      Files.writeString(SOURCES.resolve(name), actual);
      return;
    }
    String expected =
        Resources.toString(
            Resources.getResource(ReportGoldenTest.class, name), StandardCharsets.UTF_8);
    assertThat(actual).isEqualTo(expected);
  }
}
