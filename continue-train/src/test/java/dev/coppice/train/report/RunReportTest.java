package dev.coppice.train.report;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.JsonNode;
import com.google.common.base.Splitter;
import com.google.common.collect.ImmutableList;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class RunReportTest {
  @TempDir Path folder;

  private static RunReport report(Path... runs) throws IOException {
    return RunReport.read(ImmutableList.copyOf(runs));
  }

  private static long count(String html, String part) {
    return Splitter.on(part).splitToList(html).size() - 1L;
  }

  @Test
  void tellsWhatARunCameTo() throws IOException {
    RunReport report = report(FakeRuns.run(folder.resolve("a"), 40));
    JsonNode json = report.json().get(0);
    assertThat(json.path("name").asText()).isEqualTo("a");
    assertThat(json.path("state").asText()).isEqualTo("finished");
    assertThat(json.path("steps").asLong()).isEqualTo(40);
    assertThat(json.path("tokens").asLong()).isEqualTo(2560);
    assertThat(json.path("extra_flops").asDouble()).isEqualTo(2.4e14);
    assertThat(json.path("skipped_steps").asLong()).isEqualTo(1);
    assertThat(json.path("held_out_loss").asDouble()).isEqualTo(1.275);
    assertThat(json.path("loss").asDouble()).isBetween(1.13, 1.15);
    assertThat(report.table().console()).contains("0:20:00").contains("240T");
  }

  @Test
  void drawsRunsOverEachOther() throws IOException {
    Path first = FakeRuns.run(folder.resolve("x/same"), 12);
    Path second = FakeRuns.run(folder.resolve("y/same"), 400);
    String html = report(first, second).html();
    assertThat(html).contains(">same<").contains(">same (2)<").contains(">same (2), held out<");
    assertThat(count(html, "<svg")).isEqualTo(9);
    assertThat(count(html, "polyline class=\"line lead\"")).isEqualTo(9);
    assertThat(count(html, "polyline class=\"line rival\"")).isEqualTo(9);
    assertThat(html).doesNotContain("faint lead");
  }

  @Test
  void drawsATeacherOnlyWhereThereIsOne() throws IOException {
    Path run = FakeRuns.run(folder.resolve("a"), 12);
    assertThat(report(run).html()).doesNotContain("Distillation");
    Path log = run.resolve("metrics.jsonl");
    Files.writeString(log, Files.readString(log).replace("yet_unknown", "distillation"));
    assertThat(report(run).html()).contains(">Distillation</title>");
  }

  @Test
  void marksSpikesAndSkippedSteps() throws IOException {
    String html = report(FakeRuns.run(folder.resolve("a"), 12)).html();
    String norm = html.substring(html.indexOf(">Gradient norm</title>"));
    norm = norm.substring(0, norm.indexOf("</svg>"));
    // a mark, and one in the legend
    assertThat(count(norm, "dot alert")).isEqualTo(2);
    assertThat(count(norm, "dot muted")).isEqualTo(2);
  }

  @Test
  void readsTheNewestLedger() throws IOException {
    String html = report(FakeRuns.run(folder.resolve("a"), 12)).html();
    assertThat(html)
        .contains("<td>continue-train</td><td>extra</td><td>2</td><td>768</td>")
        .contains("<td>train</td><td>sunk</td><td>9.00Z</td><td>5.00k</td>");
  }

  @Test
  void tellsARunThatWasKilled() throws IOException {
    Path run = FakeRuns.run(folder.resolve("a"), 12);
    Files.delete(run.resolve("events.jsonl"));
    Files.writeString(run.resolve("metrics.jsonl"), "{\"step\":13,\"lo", StandardOpenOption.APPEND);
    RunReport report = report(run);
    assertThat(report.json().get(0).path("steps").asInt()).isEqualTo(12);
    assertThat(report.html())
        .contains("No end is recorded: it is still active, or was killed.")
        .contains("No events are on record.");
  }

  @Test
  void tellsARunWithoutSteps() throws IOException {
    Path run = Files.createDirectory(folder.resolve("empty"));
    FakeRuns.manifest(run);
    RunReport report = report(run);
    assertThat(report.html())
        .contains("<p class=\"verdict\">No step was taken.</p>")
        .contains("It has no checkpoint yet.")
        .doesNotContain("<svg");
    assertThat(report.json().get(0).path("loss").isNull()).isTrue();
    String both = report(run, FakeRuns.run(folder.resolve("b"), 12)).html();
    assertThat(both).contains("No step was taken. No end is recorded").contains("<svg");
  }

  @Test
  void tellsARunThatWentOnAfterItsStop() throws IOException {
    Path run = FakeRuns.run(folder.resolve("a"), 5);
    Files.writeString(
        run.resolve("events.jsonl"),
        FakeRuns.event(3, "stopped", "asked", "") + FakeRuns.event(3, "resumed", "", ""));
    assertThat(report(run).json().get(0).path("state").asText()).isEqualTo("unfinished");
  }

  @Test
  void drawsNoCurveOfLossesThatAreNotFinite() throws IOException {
    Path run = FakeRuns.run(folder.resolve("a"), 5);
    Files.delete(run.resolve("events.jsonl"));
    Files.writeString(
        run.resolve("metrics.jsonl"),
        "{\"step\":1,\"tokens\":1e999,\"extra_flops\":-1e300,\"loss\":1e999,\"seconds\":null,"
            + "\"gradient_norm\":1e300,\"learning_rate\":0}\n");
    String html = report(run).html();
    assertThat(html).doesNotContain("Loss by tokens").contains(">Learning rate</title>");
    assertThat(html).doesNotContain("NaN").doesNotContain("Infinity");
  }

  @Test
  void escapesWhatRunsAreCalled() throws IOException {
    String hostile = "<img src=x onerror=alert(1)>\u202e\"'&";
    Path run = FakeRuns.run(folder.resolve(hostile), 12);
    Files.writeString(
        run.resolve("run.json"), "{\"spec\":{\"</pre><script>\":\"<b>\"},\"data\":\"<i>\"}");
    Files.writeString(
        run.resolve("events.jsonl"),
        FakeRuns.event(3, "warning", "</table><script>x", "\"<u>\":1.0"));
    String html = report(run).html();
    String known =
        "html|head|meta|title|style|body|main|h1|h2|p|div|table|thead|tbody|tr|th|td|figure"
            + "|figcaption|svg|line|text|polyline|circle|details|summary|pre";
    Pattern unknown = Pattern.compile("<(?!/?(?:" + known + ")[ >]|!DOCTYPE)");
    assertThat(unknown.matcher(html).find()).isFalse();
    assertThat(html).doesNotContain("\u202e").contains("Content-Security-Policy");
    assertThat(html.replace("http://www.w3.org/2000/svg", "")).doesNotContain("://");
  }

  @Test
  void staysSmallForManySteps() throws IOException {
    Path run = FakeRuns.run(folder.resolve("long"), 20_000);
    String html = report(run).html();
    assertThat(html.length()).isLessThan(500_000);
    assertThat(html).contains("3802 more, in events.jsonl");
  }

  @Test
  void refusesAFolderThatIsNoRun() throws IOException {
    assertThatThrownBy(() -> report(folder))
        .hasMessage("run folder must hold run.json, got " + folder);
    Path run = FakeRuns.run(folder.resolve("a"), 3);
    Files.writeString(run.resolve("metrics.jsonl"), "{}\n");
    assertThatThrownBy(() -> report(run)).hasMessageStartingWith("metrics must be JSON lines");
    Files.writeString(run.resolve("run.json"), "{");
    assertThatThrownBy(() -> report(run)).hasMessageStartingWith("file must be JSON");
  }
}
