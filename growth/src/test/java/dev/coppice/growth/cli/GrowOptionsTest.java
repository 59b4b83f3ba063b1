package dev.coppice.growth.cli;

import static dev.coppice.growth.cli.Run.run;
import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.google.common.collect.ObjectArrays;
import com.google.common.io.Resources;
import dev.coppice.growth.TestFolder;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class GrowOptionsTest {
  private static JsonNode operators(TestFolder folder, String options) throws IOException {
    Path source = GrowthCommandsTest.source(folder);
    Path grown = folder.of("grown");
    Run grow = run(words("grow", source, grown, options + " -q"));
    assertThat(grow.code()).as(grow.err()).isZero();
    assertThat(run("verify", source, grown, "-q").code()).isZero();
    return run("inspect", grown, "--json").json().at("/lineage/operators");
  }

  private static Object[] words(String command, Path source, Path target, String options) {
    Object[] start = {command, source, target};
    return ObjectArrays.concat(start, (Object[]) options.split(" ", -1), Object.class);
  }

  @Test
  void placesLayersByList() throws IOException {
    try (TestFolder folder = new TestFolder()) {
      JsonNode operators = operators(folder, "--layers 0,0,1,1,0 --identity");
      assertThat(operators.toString())
          .isEqualTo("[{\"operator\":\"place_layers\",\"layers\":[0,0,1,1,0],\"identity\":true}]");
    }
  }

  @Test
  void namesNoisedPartsAndStarts() throws IOException {
    try (TestFolder folder = new TestFolder()) {
      JsonNode wider =
          operators(
                  folder,
                  "--width 2 --noise-on up,down --router random --top-k keep --placement interleave")
              .path(0);
      assertThat(wider.path("noise_on").toString()).isEqualTo("[\"up\",\"down\"]");
      assertThat(wider.path("router").asText()).isEqualTo("random");
      assertThat(wider.path("top_k").asText()).isEqualTo("keep");
      assertThat(wider.path("placement").asText()).isEqualTo("interleave");
    }
  }

  @Test
  void noisesMatricesByDefault() throws IOException {
    try (TestFolder folder = new TestFolder()) {
      JsonNode wider = operators(folder, "--width 2 --experts random").path(0);
      assertThat(wider.path("noise_on").toString())
          .isEqualTo("[\"gate\",\"up\",\"down\",\"router\"]");
      assertThat(wider.path("experts").asText()).isEqualTo("random");
    }
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "--layers 0,1,1 --depth 2 | --layers excludes --depth",
        "--layers 0,1,1 --keep-first 1 | --layers excludes --keep-first",
        "--layers 0,1,1 --depth-method stack | --layers excludes --depth-method",
        "--width 2 --identity | --identity needs --depth above 1 or --layers, got none",
        "--width 2 --keep-last 1 | --keep-last needs --depth above 1, got none",
        "--depth 2 --noise 0.1 | --noise needs --width above 1, got none",
        "--depth 2 --noise-on up | --noise-on needs --width above 1, got none",
        "--depth 2 --experts random | --experts needs --width above 1, got none",
        "--width 2 --noise 0 --noise-on up | --noise-on needs --noise above 0, got none",
        "--width 2 --router random --noise-on router | --router random excludes --noise-on router",
        "--width 2 --experts random --noise-on up | --experts random excludes --noise-on up",
        "--recipe r.yaml --width 2 | --recipe excludes --width",
        "--recipe r.yaml --seed 3 | --recipe excludes --seed",
        "--recipe r.yaml --layers 0,1 | --recipe excludes --layers",
        "--depth 1 | growth must have --depth or --width above 1, --layers, --mtp drop or",
        "--layers 0,1,7 | source layer must lie in 0..1, got 7",
        "--width 2 --noise-on gat | Invalid value for option '--noise-on'",
      })
  void refusesWhatContradictsItself(String options, String message) throws IOException {
    try (TestFolder folder = new TestFolder()) {
      Path source = GrowthCommandsTest.source(folder);
      Run grow = run(words("grow", source, folder.of("grown"), options));
      assertThat(grow.err()).contains(message);
      assertThat(grow.code()).isEqualTo(2);
      assertThat(folder.names()).containsExactly("source");
    }
  }

  @Test
  void refusesToDropWhatIsNotThere() throws IOException {
    try (TestFolder folder = new TestFolder()) {
      Path source = GrowthCommandsTest.source(folder);
      Run grow = run("grow", source, folder.of("grown"), "--mtp", "drop");
      assertThat(grow.err()).contains("cannot drop next-token-prediction layers");
      assertThat(grow.code()).isEqualTo(3);
    }
  }

  @Test
  void growsByARecipe() throws IOException {
    try (TestFolder folder = new TestFolder()) {
      Path recipe = folder.of("recipe.yaml");
      Files.writeString(
          recipe, "seed: 17\noperators:\n- {operator: interpose, factor: 2, keep_last: 1}\n");
      JsonNode operators = operators(folder, "--recipe " + recipe);
      assertThat(operators.toString())
          .isEqualTo(
              "[{\"operator\":\"interpose\",\"factor\":2,\"keep_first\":0,\"keep_last\":1,"
                  + "\"identity\":false}]");
      assertThat(run("inspect", folder.of("grown"), "--json").json().at("/lineage/seed").asInt())
          .isEqualTo(17);
    }
  }

  @Test
  void printsTheSchemaWithoutFolders() {
    Run schema = run("grow", "--recipe-schema");
    assertThat(schema.code()).isZero();
    assertThat(schema.out()).startsWith("{").contains("\"$schema\"", "duplicate_experts");
    Run folders = run("grow", "--depth", "2");
    assertThat(folders.code()).isEqualTo(2);
    assertThat(folders.err()).contains("grow must have SRC and DST");
  }

  @Test
  void readsAFamilyFile() throws IOException {
    try (TestFolder folder = new TestFolder()) {
      Path source = GrowthCommandsTest.source(folder);
      Path family = folder.of("family.json");
      String mixtral =
          Resources.toString(
              Resources.getResource("dev/coppice/moe/family/mixtral.json"), StandardCharsets.UTF_8);
      Files.writeString(family, mixtral.replace("\"mixtral\"", "\"mixtral_of_mine\""));
      Path config = source.resolve("config.json");
      Files.writeString(
          config, Files.readString(config).replace("\"mixtral\"", "\"mixtral_of_mine\""));
      assertThat(run("inspect", source).code()).isEqualTo(3);
      assertThat(run("inspect", source, "--family", family).code()).isZero();
      Path grown = folder.of("grown");
      Object[] grow = {"grow", source, grown, "--depth", 2, "-q", "--family", family};
      assertThat(run(grow).code()).isZero();
      assertThat(run("verify", source, grown, "-q", "--family", family).code()).isZero();
    }
  }
}
