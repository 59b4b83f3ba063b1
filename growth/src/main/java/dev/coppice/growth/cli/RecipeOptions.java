package dev.coppice.growth.cli;

import com.google.common.collect.ImmutableList;
import dev.coppice.growth.lineage.GrowthRecipe;
import java.io.IOException;
import java.nio.file.Path;
import java.util.Optional;
import picocli.CommandLine.Option;

/** Options of growth by a file. */
final class RecipeOptions {
  private static final ImmutableList<String> EXCLUDED =
      ImmutableList.<String>builder()
          .addAll(DepthOptions.NAMES)
          .addAll(WidthOptions.NAMES)
          .add("--seed")
          .add(GrowCommand.WITH_OPTIMIZER)
          .build();

  @Option(
      names = "--recipe",
      paramLabel = "FILE.yaml",
      description =
          "Recipe file with seed and operators, instead of the options of depth and width.")
  private Optional<Path> file;

  @Option(
      names = "--recipe-schema",
      description = "Prints the JSON Schema of recipe files and ends.")
  private boolean schema;

  boolean given() {
    return file.isPresent();
  }

  boolean schemaAsked() {
    return schema;
  }

  GrowthRecipe read(GivenOptions given) throws IOException {
    given.exclude("--recipe", EXCLUDED);
    return GrowthRecipe.read(file.orElseThrow());
  }
}
