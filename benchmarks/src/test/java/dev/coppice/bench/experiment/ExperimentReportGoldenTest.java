package dev.coppice.bench.experiment;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.google.common.collect.ImmutableList;
import com.google.common.collect.ImmutableMap;
import com.google.common.io.Resources;
import dev.coppice.moe.chart.Point;
import dev.coppice.train.TrainJson;
import java.io.IOException;
import java.math.BigInteger;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;

/**
 * The report of made-up results, kept. To write the files anew after an intended change: {@code
 * COPPICE_GOLDEN=write mvn test -pl benchmarks -am -Dtest=ExperimentReportGoldenTest
 * -Dsurefire.failIfNoSpecifiedTests=false}.
 */
final class ExperimentReportGoldenTest {
  private static final Path SOURCES = Path.of("src/test/resources/dev/coppice/bench/experiment");

  private static final ExperimentResults RESULTS = results();

  @Test
  void pageKeepsItsBytes() throws IOException {
    ImmutableList<Point> curve = ImmutableList.of(new Point(1e12, 2.5), new Point(2e12, 1.5));
    String html =
        new ExperimentPage(
                RESULTS, ImmutableMap.of("grown", curve, "scratch", curve, "kept", curve))
            .html();

    assertGolden("report.html", html);
    assertThat(html).doesNotContain("<script").doesNotContain("src=").doesNotContain("href=");
  }

  @Test
  void resultsKeepTheirBytes() throws IOException {
    assertGolden("results.json", TrainJson.mapper().writeValueAsString(RESULTS) + "\n");
  }

  @Test
  void textKeepsItsBytes() throws IOException {
    assertGolden("results.txt", ExperimentReport.text(RESULTS, Path.of("out")) + "\n");
  }

  @Test
  void schemaHasEveryPromisedName() {
    JsonNode tree = TrainJson.mapper().valueToTree(RESULTS);

    assertThat(tree.path("schema_version").asInt()).isEqualTo(1);
    assertThat(tree.path("seed").asLong()).isEqualTo(17);
    assertThat(tree.path("arms")).hasSize(3);
    for (String name : PROMISED) {
      assertThat(tree.path("base").has(name)).as(name).isTrue();
      assertThat(tree.path("arms").path(0).has(name)).as(name).isTrue();
    }
  }

  private static final ImmutableList<String> PROMISED =
      ImmutableList.of(
          "name",
          "checkpoint",
          "parameters",
          "active_parameters",
          "sunk_flops",
          "extra_flops",
          "steps",
          "tokens",
          "heldout_loss",
          "heldout_bits_per_byte",
          "heldout_accuracy",
          "interval_low",
          "interval_high");

  private static ExperimentResults results() {
    ImmutableList<Difference> differences =
        ImmutableList.of(
            new Difference("grown", "scratch", -0.2, -0.25, -0.15),
            new Difference("grown", "kept", -0.01, -0.02, 0.005));
    BigInteger extra = BigInteger.valueOf(2_000_000_000_000L);
    return new ExperimentResults(
        1,
        "grow-vs-scratch",
        17,
        score("base", 0, 1.8),
        ImmutableList.of(score("grown", 2, 1.5), score("scratch", 2, 1.7), score("kept", 2, 1.51)),
        differences,
        Verdict.of(extra, differences),
        ExperimentSpec.builtIn(ExperimentSpec.DEMO),
        new Budgets(BigInteger.valueOf(1_000_000_000_000L), extra),
        new CorpusFacts(ImmutableList.of("a<b>.jar"), 100, 1_000_000, "00ff", 5, 50_000, "ff00"),
        ImmutableMap.of(
            "base", ImmutableList.of(0.02, 0.03),
            "grown_start", ImmutableList.of(0.02, 0.02, 0.03, 0.03),
            "grown", ImmutableList.of(0.02, 0.025, 0.03, 0.035)),
        359.6,
        new Machine("Linux amd64", "Some Processor @ 2 GHz", 2, "17.0.15+6"),
        ImmutableMap.of("coppice", "0.1.0", "engine", "2.7.1"));
  }

  private static Score score(String name, long extra, double loss) {
    return new Score(
        name,
        "arms/" + name,
        new Score.Size(3_000_000, 1_000_000),
        new Score.Cost(
            BigInteger.valueOf(1_000_000_000_000L),
            BigInteger.valueOf(extra * 1_000_000_000_000L),
            1234,
            1_263_616,
            60.5),
        new Score.Judgement(
            loss, loss - 0.02, loss + 0.03, loss / 0.693, 2.1, 2.3, 0.6, 0.58, 0.61));
  }

  private static void assertGolden(String name, String actual) throws IOException {
    if ("write".equals(System.getenv("COPPICE_GOLDEN"))) {
      Files.writeString(SOURCES.resolve(name), actual);
      return;
    }
    String expected =
        Resources.toString(
            Resources.getResource(ExperimentReportGoldenTest.class, name), StandardCharsets.UTF_8);
    assertThat(actual).isEqualTo(expected);
  }
}
