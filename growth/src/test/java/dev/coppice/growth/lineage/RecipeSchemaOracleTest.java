package dev.coppice.growth.lineage;

import static org.assertj.core.api.Assertions.assertThat;

import com.networknt.schema.InputFormat;
import com.networknt.schema.Schema;
import com.networknt.schema.SchemaRegistry;
import com.networknt.schema.SpecificationVersion;
import dev.coppice.growth.TestFolder;
import dev.coppice.moe.CoppiceException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Another project's validator reads the published schema as the recipe reader does. */
class RecipeSchemaOracleTest {
  private static final Schema SCHEMA =
      SchemaRegistry.withDefaultDialect(SpecificationVersion.DRAFT_2020_12)
          .getSchema(GrowthRecipe.schema());

  private static boolean accepts(String yaml) {
    return SCHEMA.validate(yaml, InputFormat.YAML).isEmpty();
  }

  private static boolean reads(String yaml) throws IOException {
    try (TestFolder folder = new TestFolder()) {
      Path file = folder.of("recipe.yaml");
      Files.writeString(file, yaml);
      GrowthRecipe.read(file);
      return true;
    } catch (CoppiceException e) {
      return false;
    }
  }

  @ParameterizedTest
  @MethodSource("dev.coppice.growth.lineage.GrowthRecipeTest#examples")
  void acceptsTheExamples(Path example) throws IOException {
    assertThat(accepts(Files.readString(example))).isTrue();
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "operators: []",
        "operators: 3",
        "seed: 1",
        "seed: 1.5\noperators: [{operator: drop_mtp}]",
        "seed: 9223372036854775808\noperators: [{operator: drop_mtp}]",
        "seeds: 1\noperators: [{operator: drop_mtp}]",
        "operators: [{operator: drop_mtp, factor: 2}]",
        "operators: [{operator: interpose}]",
        "operators: [{operator: interpose, factor: 1}]",
        "operators: [{operator: interpose, factor: two}]",
        "operators: [{operator: interpose, factor: 2, identity: maybe}]",
        "operators: [{operator: stack, factor: 2, keep_first: -1}]",
        "operators: [{operator: place_layers, layers: []}]",
        "operators: [{operator: place_layers, layers: [-1]}]",
        "operators: [{operator: double, factor: 2}]",
        "operators: [{factor: 2}]",
        "operators: [{operator: duplicate_experts, factor: 2, noise: -0.1}]",
        "operators: [{operator: duplicate_experts, factor: 2, noise_on: [gat]}]",
        "operators: [{operator: duplicate_experts, factor: 2, noise_on: [up, up]}]",
        "operators: [{operator: duplicate_experts, factor: 2, top_k: DOUBLE}]",
        "operators: [{operator: duplicate_experts, factor: 2, placement: middle}]",
      })
  void refusesWhatTheReaderRefuses(String yaml) throws IOException {
    assertThat(accepts(yaml)).as("schema").isFalse();
    assertThat(reads(yaml)).as("reader").isFalse();
  }

  @Test
  void acceptsWhatTheReaderAccepts() throws IOException {
    for (String yaml :
        new String[] {
          "operators: [{operator: drop_mtp}, {operator: stack, factor: 3, keep_last: 1}]",
          "{\"seed\": -4, \"operators\": [{\"operator\": \"place_layers\", \"layers\": [0, 0]}]}",
          "operators: [{operator: duplicate_experts, factor: 2, noise: 0, noise_on: []}]",
        }) {
      assertThat(accepts(yaml)).as(yaml).isTrue();
      assertThat(reads(yaml)).as(yaml).isTrue();
    }
  }
}
