package dev.coppice.growth.norm;

import static org.assertj.core.api.Assertions.assertThat;

import com.google.common.collect.ImmutableList;
import com.google.common.collect.ImmutableMap;
import com.google.common.io.Resources;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;

/**
 * The picture's bytes, kept. To write them anew after an intended change: {@code
 * COPPICE_GOLDEN=write mvn test -pl growth -am -Dtest=NormChartGoldenTest
 * -Dsurefire.failIfNoSpecifiedTests=false}.
 */
class NormChartGoldenTest {
  private static final String NAME = "norms.svg";

  @Test
  void keepsItsBytes() throws IOException {
    String svg =
        NormChart.of(
                ImmutableMap.of(
                    "base & <co>",
                    new NormProfile(ImmutableList.of(0.0323, Double.NaN, 0.0336, 0.0356)),
                    "stacked",
                    new NormProfile(
                        ImmutableList.of(0.0323, 0.0336, 0.0356, 0.0323, 0.0336, 0.0356))))
            .file();
    if ("write".equals(System.getenv("COPPICE_GOLDEN"))) {
      Path folder = Files.createDirectories(Path.of("src/test/resources/dev/coppice/growth"));
      Files.writeString(folder.resolve(NAME), svg);
    }
    assertThat(svg)
        .isEqualTo(
            Resources.toString(Resources.getResource(getClass(), NAME), StandardCharsets.UTF_8));
  }
}
