package dev.coppice.train.report;

import static org.assertj.core.api.Assertions.assertThat;

import com.google.common.collect.ImmutableList;
import com.google.common.io.Resources;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * The bytes of a run's page, kept. To write the file anew after an intended change: {@code
 * COPPICE_GOLDEN=write mvn test -pl continue-train -am -Dtest=RunReportGoldenTest
 * -Dsurefire.failIfNoSpecifiedTests=false}.
 */
final class RunReportGoldenTest {
  private static final Path SOURCES = Path.of("src/test/resources/dev/coppice/train/report");

  @TempDir Path folder;

  @Test
  void pageKeepsItsBytes() throws IOException {
    Path run = FakeRuns.run(folder.resolve("tiny & <grown>"), 12);
    String html = RunReport.read(ImmutableList.of(run)).html();
    if ("write".equals(System.getenv("COPPICE_GOLDEN"))) {
      Files.writeString(SOURCES.resolve("run.html"), html);
    }
    String expected =
        Resources.toString(
            Resources.getResource(RunReportGoldenTest.class, "run.html"), StandardCharsets.UTF_8);
    assertThat(html).isEqualTo(expected);
  }
}
