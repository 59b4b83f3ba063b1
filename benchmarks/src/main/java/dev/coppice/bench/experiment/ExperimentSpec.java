package dev.coppice.bench.experiment;

import static com.google.common.base.Preconditions.checkArgument;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.PropertyNamingStrategies;
import com.fasterxml.jackson.databind.annotation.JsonNaming;
import com.fasterxml.jackson.databind.node.ObjectNode;
import com.google.common.io.Resources;
import dev.coppice.moe.CoppiceException;
import dev.coppice.moe.ErrorKind;
import dev.coppice.train.TrainJson;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.URL;
import java.nio.file.Path;

/**
 * The grow-versus-scratch experiment as a recipe: train a base, grow it, and continue three arms
 * under one budget of extra FLOPs. Read from and written to JSON; unknown fields are refused.
 *
 * @param schemaVersion of the recipe's form; 1
 * @param name of the recipe
 * @param seed of weights, data order, noise, split and bootstrap
 * @param base shape of the model that is trained first
 * @param growth how it grows
 * @param training how all models learn
 * @param baseShare share of the time that the base's own training takes, in (0, 1)
 * @param judging how all models are evaluated
 */
@JsonNaming(PropertyNamingStrategies.SnakeCaseStrategy.class)
public record ExperimentSpec(
    int schemaVersion,
    String name,
    long seed,
    BaseShape base,
    ExperimentGrowth growth,
    TrainingRecipe training,
    double baseShare,
    JudgingRecipe judging) {
  /** The recipe that {@code coppice demo} runs. */
  public static final String DEMO = "grow-vs-scratch";

  private static final int SCHEMA_VERSION = 1;

  /** Checks the version and the share. */
  public ExperimentSpec {
    checkArgument(
        schemaVersion == SCHEMA_VERSION,
        "recipe's schema_version must be %s, got %s",
        SCHEMA_VERSION,
        schemaVersion);
    checkArgument(!name.isBlank(), "recipe's name must not be blank, got '%s'", name);
    checkArgument(
        baseShare > 0 && baseShare < 1, "base_share must lie in (0, 1), got %s", baseShare);
  }

  /**
   * Reads a recipe.
   *
   * @param file JSON
   * @throws CoppiceException naming file and field, when it is no such recipe
   * @throws IOException when it cannot be read
   */
  public static ExperimentSpec read(Path file) throws IOException {
    return TrainJson.read(file, ExperimentSpec.class, ExperimentSpec::complete);
  }

  /** Recipes of older versions do not say whether documents are masked; they always were. */
  private static void complete(JsonNode recipe) {
    if (recipe.path("training") instanceof ObjectNode training && !training.has("document_mask")) {
      training.put("document_mask", true);
    }
  }

  /**
   * A recipe that comes with Coppice.
   *
   * @param name such as {@link #DEMO}
   * @throws CoppiceException when there is none of that name
   */
  public static ExperimentSpec builtIn(String name) {
    URL recipe = ExperimentSpec.class.getResource("/dev/coppice/bench/recipes/" + name + ".json");
    if (recipe == null) {
      throw new CoppiceException(
          ErrorKind.REQUEST_INVALID, "recipe must be a built-in one, got " + name);
    }
    try {
      return TrainJson.mapper().readValue(Resources.toByteArray(recipe), ExperimentSpec.class);
    } catch (IOException e) {
      throw new UncheckedIOException("built-in recipe must be readable, got " + name, e);
    }
  }

  /**
   * The same experiment with another seed.
   *
   * @param other seed
   */
  public ExperimentSpec withSeed(long other) {
    return new ExperimentSpec(
        schemaVersion, name, other, base, growth, training, baseShare, judging);
  }

  /**
   * The same experiment with or without a document mask.
   *
   * @param masked whether tokens attend to their own document only, in training and evaluation
   */
  public ExperimentSpec withDocumentMask(boolean masked) {
    TrainingRecipe other = training.withDocumentMask(masked);
    return new ExperimentSpec(schemaVersion, name, seed, base, growth, other, baseShare, judging);
  }

  /**
   * The same experiment with another evaluation.
   *
   * @param other evaluation
   */
  ExperimentSpec withJudging(JudgingRecipe other) {
    return new ExperimentSpec(schemaVersion, name, seed, base, growth, training, baseShare, other);
  }

  /** The shape that the base grows to. */
  BaseShape grownShape() {
    return growth.grown(base);
  }
}
