package dev.coppice.growth;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import com.google.common.collect.ImmutableMap;
import dev.coppice.growth.depth.Interpose;
import dev.coppice.growth.depth.Stack;
import dev.coppice.growth.plan.GrowthOperator;
import dev.coppice.growth.width.DuplicateExperts;
import dev.coppice.moe.CoppiceException;
import dev.coppice.moe.ErrorKind;
import dev.coppice.moe.checkpoint.Checkpoint;
import dev.coppice.moe.checkpoint.StoredTensor;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * Grows the tiny checkpoints under {@code families} and compares names, dtypes, shapes and config
 * keys with what transformers expects of the grown model, as generate.py recorded it there.
 */
class FamilyFixtureTest {
  private static final Path FOLDER = Path.of("src", "test", "resources", "families");
  private static final ObjectMapper JSON = new ObjectMapper();
  private static final Pattern EXPERTS = Pattern.compile("\\{0\\.\\.(\\d+)\\}");
  private static final ImmutableMap<String, GrowthOperator> GROWTHS =
      ImmutableMap.of(
          "width2", DuplicateExperts.times(2, 0),
          "depth2", Interpose.times(2),
          "stack2", Stack.times(2));

  static List<Path> fixtures() throws IOException {
    try (Stream<Path> all = Files.list(FOLDER)) {
      return all.filter(Files::isDirectory).sorted().toList();
    }
  }

  static List<Arguments> expectations() throws IOException {
    return fixtures().stream()
        .flatMap(fixture -> GROWTHS.keySet().stream().map(name -> growth(fixture, name)))
        .filter(growth -> Files.exists((Path) growth.get()[2]))
        .toList();
  }

  private static Arguments growth(Path fixture, String name) {
    return Arguments.of(
        fixture.getFileName().toString(), name, fixture.resolve(name + ".expected.json"));
  }

  static List<Arguments> refusals() throws IOException {
    List<Arguments> refusals = new ArrayList<>();
    for (Path fixture : fixtures()) {
      for (JsonNode name : JSON.readTree(fixture.resolve("refused.json").toFile())) {
        refusals.add(Arguments.of(fixture.getFileName().toString(), name.textValue()));
      }
    }
    return refusals;
  }

  @Test
  void holdsManyFamilies() throws IOException {
    assertThat(fixtures()).hasSizeGreaterThanOrEqualTo(26);
    assertThat(expectations()).hasSizeGreaterThanOrEqualTo(65);
    assertThat(refusals()).hasSizeGreaterThanOrEqualTo(8);
  }

  @ParameterizedTest(name = "{0} {1}")
  @MethodSource("expectations")
  void growsToWhatTransformersExpects(String fixture, String growth, Path expected)
      throws IOException {
    try (TestFolder folder = new TestFolder();
        Checkpoint source = Checkpoint.open(FOLDER.resolve(fixture));
        Checkpoint grown = folder.grow(source, request(growth), "grown")) {
      JsonNode recorded = JSON.readTree(expected.toFile());
      assertThat(tensors(grown)).isEqualTo(tensors(recorded.path("tensors")));
      ObjectNode config = source.config().deepCopy();
      patch(config, recorded.path("config"));
      ObjectNode found = grown.config().deepCopy();
      assertThat(plain(found)).containsExactlyInAnyOrderElementsOf(plain(config));
      assertThat(found).isEqualTo(config);
      assertThat(GrowthVerifier.deviations(source, grown, GrowthProgress.NONE)).isEmpty();
    }
  }

  @ParameterizedTest(name = "{0} {1}")
  @MethodSource("refusals")
  void refusesWhatAFamilyCannotHave(String fixture, String growth) throws IOException {
    try (TestFolder folder = new TestFolder();
        Checkpoint source = Checkpoint.open(FOLDER.resolve(fixture))) {
      assertThatThrownBy(() -> folder.grow(source, request(growth), "grown").close())
          .isInstanceOf(CoppiceException.class)
          .hasMessageMatching("family \\w+ cannot .+, since .+")
          .extracting(e -> ((CoppiceException) e).kind())
          .isEqualTo(ErrorKind.INPUT_INVALID);
      assertThat(folder.names()).isEmpty();
    }
  }

  /** Takes the names of unquantised modules out of a config; their order means nothing. */
  private static List<String> plain(ObjectNode config) {
    List<String> names = new ArrayList<>();
    if (config.path("quantization_config") instanceof ObjectNode quantization) {
      for (JsonNode name : quantization.withArray("modules_to_not_convert")) {
        names.add(name.textValue());
      }
      quantization.remove("modules_to_not_convert");
    }
    return names;
  }

  private static GrowthRequest request(String growth) {
    GrowthOperator operator = GROWTHS.get(growth);
    assertThat(operator).as(growth).isNotNull();
    return GrowthRequest.of(operator, 0);
  }

  private static Map<String, String> tensors(Checkpoint checkpoint) {
    Map<String, String> tensors = new TreeMap<>();
    for (StoredTensor tensor : checkpoint.tensors().values()) {
      tensors.put(tensor.name(), tensor.dtype() + " " + tensor.shape());
    }
    return tensors;
  }

  /** The recorded names, with {@code {0..7}} written out. */
  private static Map<String, String> tensors(JsonNode recorded) {
    Map<String, String> tensors = new TreeMap<>();
    for (Map.Entry<String, JsonNode> entry : recorded.properties()) {
      Matcher experts = EXPERTS.matcher(entry.getKey());
      int last = experts.find() ? Integer.parseInt(experts.group(1)) : 0;
      for (int expert = 0; expert <= last; expert++) {
        String name = experts.replaceFirst(Integer.toString(expert));
        tensors.put(name, entry.getValue().textValue());
      }
    }
    return tensors;
  }

  private static void patch(ObjectNode config, JsonNode changes) {
    for (Map.Entry<String, JsonNode> change : changes.properties()) {
      if (change.getValue().isObject()
          && config.path(change.getKey()) instanceof ObjectNode nested) {
        patch(nested, change.getValue());
      } else if (change.getValue().isNull()) {
        config.remove(change.getKey());
      } else {
        config.set(change.getKey(), change.getValue());
      }
    }
  }
}
