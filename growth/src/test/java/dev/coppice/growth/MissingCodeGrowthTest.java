package dev.coppice.growth;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.coppice.growth.depth.Interpose;
import dev.coppice.moe.checkpoint.Checkpoint;
import dev.coppice.moe.safetensors.Dtype;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Growth of folders whose configurations name code that is not there. */
class MissingCodeGrowthTest {
  private static final ObjectMapper JSON = new ObjectMapper();

  @Test
  void aKnownTypeLosesItsAutoMapAndIsVerifiedWithoutIt() throws IOException {
    try (TestFolder folder = new TestFolder()) {
      Path plain = source(folder, "source");
      try (Checkpoint source = Checkpoint.open(plain);
          Checkpoint grown = grow(folder, source)) {
        assertThat(source.warnings()).isEmpty();
        assertThat(grown.warnings()).isEmpty();
        assertThat(grown.config().has("auto_map")).isFalse();
        assertThat(read(grown, "tokenizer_config.json").path("kept").asInt()).isEqualTo(1);
        assertThat(read(grown, "tokenizer_config.json").has("auto_map")).isFalse();
        assertThat(GrowthVerifier.deviations(source, grown, GrowthProgress.NONE)).isEmpty();
        ObjectNode changed = read(grown, "tokenizer_config.json");
        changed.putObject("auto_map").put("AutoTokenizer", "tok.T");
        Files.writeString(grown.folder().resolve("tokenizer_config.json"), changed.toString());
        assertThat(GrowthVerifier.deviations(source, grown, GrowthProgress.NONE))
            .singleElement()
            .asString()
            .startsWith("tokenizer_config.json must be as planned");
      }
    }
  }

  @Test
  void theReportOfTheGrowthSaysSo() throws IOException {
    try (TestFolder folder = new TestFolder()) {
      Path plain = source(folder, "source");
      try (Checkpoint source = Checkpoint.open(plain)) {
        GrowthReport report =
            GrowthReport.of(source, GrowthRequest.of(Interpose.times(2), 0), folder.of("grown"));
        assertThat(report.warnings())
            .anySatisfy(line -> assertThat(line).contains("config.json: auto_map is left out"))
            .anySatisfy(line -> assertThat(line).contains("tokenizer_config.json: auto_map"))
            .anySatisfy(line -> assertThat(line).contains("not copied: old.gguf"));
      }
    }
  }

  @Test
  void aSnapshotPointsAtItsRepositoryWhereTransformersDoesNotKnowTheClass() throws IOException {
    try (TestFolder folder = new TestFolder()) {
      Path plain = source(folder, "source");
      Path cached = Files.createDirectories(folder.of("models--org--name/snapshots"));
      Path snapshot = Files.move(plain, cached.resolve("abc"));
      Files.writeString(
          snapshot.resolve("tokenizer_config.json"),
          "{\"tokenizer_class\": \"My\", \"auto_map\": {\"AutoTokenizer\": [\"tok.T\", null]}}");
      try (Checkpoint source = Checkpoint.open(snapshot);
          Checkpoint grown = grow(folder, source)) {
        assertThat(grown.config().has("auto_map")).isFalse();
        assertThat(read(grown, "tokenizer_config.json").at("/auto_map/AutoTokenizer/0").asText())
            .isEqualTo("org/name--tok.T");
        assertThat(GrowthVerifier.deviations(source, grown, GrowthProgress.NONE)).isEmpty();
      }
    }
  }

  @ParameterizedTest
  @ValueSource(booleans = {true, false})
  void aSnapshotMovedSinceMeansTheSameCode(boolean intoTheCache) throws IOException {
    try (TestFolder folder = new TestFolder()) {
      Path plain = unknown(source(folder, "source"));
      Path cached =
          Files.createDirectories(folder.of("models--org--name/snapshots")).resolve("abc");
      if (!intoTheCache) {
        Files.move(plain, cached);
      }
      try (Checkpoint source = Checkpoint.open(intoTheCache ? plain : cached)) {
        grow(folder, source).close();
      }
      Path now = intoTheCache ? Files.move(plain, cached) : Files.move(cached, folder.of("out"));
      try (Checkpoint source = Checkpoint.open(now);
          Checkpoint grown = Checkpoint.open(folder.of("grown"))) {
        assertThat(GrowthVerifier.deviations(source, grown, GrowthProgress.NONE)).isEmpty();
        ObjectNode other = read(grown, "tokenizer_config.json");
        ((ArrayNode) other.at("/auto_map/AutoTokenizer")).set(0, "evil/name--tok.T");
        Files.writeString(grown.folder().resolve("tokenizer_config.json"), other.toString());
        assertThat(GrowthVerifier.deviations(source, grown, GrowthProgress.NONE))
            .singleElement()
            .asString()
            .contains("tokenizer_config.json must be");
      }
      Path config = folder.of("grown").resolve("config.json");
      Files.writeString(config, Files.readString(config).replace("pipe.P", "other.P"));
      try (Checkpoint source = Checkpoint.open(now);
          Checkpoint grown = Checkpoint.open(folder.of("grown"))) {
        assertThat(GrowthVerifier.deviations(source, grown, GrowthProgress.NONE))
            .anySatisfy(line -> assertThat(line).contains("config.json must be as planned"));
      }
    }
  }

  /** The source with a configuration and a tokenizer that transformers reads by code alone. */
  private static Path unknown(Path plain) throws IOException {
    ObjectNode config = (ObjectNode) JSON.readTree(plain.resolve("config.json").toFile());
    Files.writeString(
        plain.resolve("tokenizer_config.json"),
        "{\"tokenizer_class\": \"My\", \"auto_map\": {\"AutoTokenizer\": [\"tok.T\", null]}}");
    config.putObject("custom_pipelines").putObject("mine").put("impl", "pipe.P");
    JSON.writeValue(plain.resolve("config.json").toFile(), config);
    return plain;
  }

  private static Checkpoint grow(TestFolder folder, Checkpoint source) throws IOException {
    return folder.grow(source, GrowthRequest.of(Interpose.times(2), 0), "grown");
  }

  private static ObjectNode read(Checkpoint checkpoint, String file) throws IOException {
    return checkpoint.sideObject(checkpoint.folder().resolve(file));
  }

  private static Path source(TestFolder folder, String name) throws IOException {
    Path plain = folder.of(name);
    try (Checkpoint made = folder.source(GrowthExecutorTest.spec(2, 8), Dtype.BF16)) {
      ObjectNode config = made.config();
      config.putObject("auto_map").put("AutoConfig", "configuration_my.C");
      JSON.writeValue(plain.resolve("config.json").toFile(), config);
    }
    Files.writeString(plain.resolve("tokenizer.json"), "{\"version\": \"1.0\"}");
    Files.writeString(plain.resolve("old.gguf"), "x");
    Files.writeString(
        plain.resolve("tokenizer_config.json"),
        "{\"kept\": 1, \"tokenizer_class\": \"LlamaTokenizerFast\", \"auto_map\":"
            + " {\"AutoTokenizer\": [\"tok.T\", null]}}");
    return plain;
  }
}
