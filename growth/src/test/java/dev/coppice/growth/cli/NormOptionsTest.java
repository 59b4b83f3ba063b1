package dev.coppice.growth.cli;

import static dev.coppice.growth.cli.Run.run;
import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import dev.coppice.growth.TestFolder;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;

class NormOptionsTest {
  @Test
  void comparesTwoCheckpointsInTableJsonAndPicture() throws IOException {
    try (TestFolder folder = new TestFolder()) {
      Path source = GrowthCommandsTest.source(folder);
      Path grown = folder.of("grown <2>");
      Path svg = folder.of("norms.svg");
      assertThat(run("grow", source, grown, "--depth", 2, "-q").code()).isZero();
      Run json =
          run("inspect", source, "--norms", "--compare", grown, "--svg", svg, "--json", "-q");
      assertThat(json.code()).as(json.err()).isZero();
      JsonNode norms = json.json().path("norms");
      assertThat(norms).hasSize(2);
      JsonNode compared = json.json().at("/compared/norms");
      assertThat(compared).hasSize(4);
      assertThat(compared.get(3)).isEqualTo(norms.get(1));
      assertThat(Files.readString(svg)).contains("grown &lt;2&gt;</text>", ">source</text>");
      Run text = run("inspect", source, "--norms", "-q");
      assertThat(text.out())
          .contains("norms of source", "  layer  depth      norm", "      1  1.000");
      assertThat(run("inspect", source, "--norms", "--svg", svg, "-q").err())
          .contains("--svg must name a new file");
      assertThat(run("inspect", source, "--svg", folder.of("x.svg")).err())
          .contains("--svg needs --norms, got none");
    }
  }
}
