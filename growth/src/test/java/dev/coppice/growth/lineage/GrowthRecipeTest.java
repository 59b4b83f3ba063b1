package dev.coppice.growth.lineage;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.google.common.base.CaseFormat;
import com.google.common.collect.ImmutableList;
import com.google.common.collect.ImmutableSet;
import com.google.common.collect.Streams;
import dev.coppice.growth.TestFolder;
import dev.coppice.growth.depth.Interpose;
import dev.coppice.growth.depth.PlaceLayers;
import dev.coppice.growth.moment.MomentRule;
import dev.coppice.growth.plan.GrowthOperator;
import dev.coppice.growth.plan.OperatorCatalog;
import dev.coppice.growth.plan.OperatorSequence;
import dev.coppice.growth.width.DuplicateExperts;
import dev.coppice.moe.CoppiceException;
import dev.coppice.moe.ErrorKind;
import java.io.IOException;
import java.lang.reflect.RecordComponent;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.ServiceLoader;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.MethodSource;

class GrowthRecipeTest {
  private static GrowthRecipe read(String text) throws IOException {
    try (TestFolder folder = new TestFolder()) {
      Path file = folder.of("recipe.yaml");
      Files.writeString(file, text.replace("~", "\n"));
      return GrowthRecipe.read(file);
    }
  }

  static List<Path> examples() throws IOException {
    try (Stream<Path> files = Files.list(Path.of("recipes"))) {
      return files.sorted().toList();
    }
  }

  @Test
  void fillsInTheDefaultsOfTheCommandLine() throws IOException {
    GrowthRecipe recipe =
        read(
            "operators:~- {operator: interpose, factor: 3}~"
                + "- {operator: place_layers, layers: [0, 0]}~"
                + "- {operator: duplicate_experts, factor: 2}");
    assertThat(recipe.seed()).isZero();
    assertThat(OperatorSequence.parts(recipe.operator()))
        .containsExactly(
            Interpose.times(3),
            new PlaceLayers(ImmutableList.of(0, 0), false),
            DuplicateExperts.times(2, 0.01));
  }

  @Test
  void readsTheRuleForMoments() throws IOException {
    String operators = "~operators: [{operator: interpose, factor: 2}]";
    for (MomentRule rule : MomentRule.values()) {
      assertThat(read("with_optimizer: " + rule.key() + operators).moments()).contains(rule);
    }
    assertThat(read(operators).moments()).isEmpty();
    assertThatThrownBy(() -> read("with_optimizer: keep" + operators))
        .hasMessageContaining(
            "recipe key with_optimizer must be one of copy, reset, scale, got \"keep\"")
        .hasMessageContaining("line 1");
  }

  @Test
  void readsWhatTheLineageWrites() throws IOException {
    GrowthOperator operator = Interpose.times(2).then(DuplicateExperts.times(3, 0.5));
    String lineage = "{\"operators\": " + new OperatorJson().write(operator) + "}";
    assertThat(read(lineage).operator()).isEqualTo(operator);
  }

  /** Examples are read from the module's folder, where Surefire runs. */
  @ParameterizedTest
  @MethodSource("examples")
  void readsTheExamples(Path example) throws IOException {
    GrowthRecipe recipe = GrowthRecipe.read(example);
    assertThat(OperatorSequence.parts(recipe.operator())).isNotEmpty();
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      ignoreLeadingAndTrailingWhitespace = true,
      value = {
        "operators:~- operator: interpose~  factor: 1"
            + "| recipe key operators[0].factor must lie in 2..2147483647, got 1"
            + "| line 3, column 3",
        "operators:~- operator: interpose~  factr: 2"
            + "| recipe key operators[0] must have no key but [operator, factor, keep_first,"
            + " keep_last, identity], got 'factr'| line 3, column 3",
        "operators:~- operator: interpose| recipe key operators[0] must have key 'factor', got none"
            + "| line 2, column 3",
        "operators:~- operator: double~  factor: 2"
            + "| recipe key operators[0].operator must be one of [interpose, stack, place_layers,"
            + " drop_mtp, duplicate_experts], got \"double\"| line 2, column 3",
        "operators: []| recipe key operators must have an entry, got []| line 1, column 1",
        "operators: 3| recipe key operators must be a list, got 3| line 1, column 1",
        "seeds: 3~operators: [{operator: drop_mtp}]"
            + "| recipe must have no key but [seed, with_optimizer, operators], got 'seeds'| line 1",
        "seed: 1.5~operators: [{operator: drop_mtp}]"
            + "| recipe key seed must be a whole number, got 1.5| line 1, column 1",
        "operators:~- {operator: duplicate_experts, factor: 2, top_k: double}"
            + "| recipe key operators[0].top_k must be one of exact, scale, keep, got \"double\""
            + "| line 2",
        "operators:~- {operator: duplicate_experts, factor: 2, noise_on: [up, up]}"
            + "| recipe key operators[0].noise_on must name nothing twice| line 2",
        "operators:~- {operator: duplicate_experts, factor: 2, noise: -1}"
            + "| recipe key operators[0].noise must lie in 0..| line 2",
        "operators:~- {operator: interpose, factor: 2, factor: 3}| recipe must be YAML, got"
            + "| line 2",
        "operators: &a [*a]| recipe must be YAML, got an anchor or alias| line 1",
        "[| recipe must be YAML, got| line 1",
        "3| recipe must be a mapping of keys [seed, with_optimizer, operators], got 3| recipe.yaml",
      })
  void namesLineKeyAndWhatIsAllowed(String text, String message, String place) {
    assertThatThrownBy(() -> read(text))
        .isInstanceOf(CoppiceException.class)
        .hasMessageContaining(message)
        .hasMessageContaining(place)
        .extracting(e -> ((CoppiceException) e).kind())
        .isEqualTo(ErrorKind.REQUEST_INVALID);
  }

  @Test
  void refusesDeepAndLargeAndMissingFiles() {
    assertThatThrownBy(() -> read("[".repeat(40))).isInstanceOf(CoppiceException.class);
    assertThatThrownBy(() -> read("#".repeat(1_000_001)))
        .hasMessageContaining("recipe must be at most a megabyte, got 1000001 bytes");
    assertThatThrownBy(() -> GrowthRecipe.read(Path.of("no", "such.yaml")))
        .hasMessage("recipe must be a file, got none (no/such.yaml)");
  }

  /** Every operator and parameter of the code stands in the schema, and no other. */
  @Test
  void schemaNamesWhatTheCodeKnows() throws IOException {
    JsonNode known = new ObjectMapper().readTree(GrowthRecipe.schema()).path("$defs");
    ImmutableSet.Builder<String> operators = ImmutableSet.builder();
    for (OperatorCatalog catalog : ServiceLoader.load(OperatorCatalog.class)) {
      for (Map.Entry<String, Class<? extends GrowthOperator>> entry :
          catalog.operators().entrySet()) {
        operators.add(entry.getKey());
        JsonNode properties = known.path(entry.getKey()).path("properties");
        ImmutableSet.Builder<String> keys = ImmutableSet.<String>builder().add("operator");
        for (RecordComponent component : entry.getValue().getRecordComponents()) {
          String key = CaseFormat.LOWER_CAMEL.to(CaseFormat.LOWER_UNDERSCORE, component.getName());
          keys.add(key);
          checkEnum(component, properties.path(key));
        }
        assertThat(ImmutableSet.copyOf(properties.fieldNames())).isEqualTo(keys.build());
      }
    }
    assertThat(ImmutableSet.copyOf(known.fieldNames())).isEqualTo(operators.build());
  }

  private static void checkEnum(RecordComponent component, JsonNode property) {
    if (component.getType().isEnum()) {
      List<String> names =
          Arrays.stream(component.getType().getEnumConstants())
              .map(name -> "\"" + name.toString().toLowerCase(Locale.ROOT) + "\"")
              .toList();
      assertThat(Streams.stream(property.path("enum")).map(JsonNode::toString))
          .containsExactlyElementsOf(names);
    }
  }
}
