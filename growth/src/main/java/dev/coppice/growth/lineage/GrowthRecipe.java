package dev.coppice.growth.lineage;

import com.fasterxml.jackson.core.JsonLocation;
import com.fasterxml.jackson.core.JsonParseException;
import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.core.JsonToken;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.dataformat.yaml.YAMLFactory;
import com.fasterxml.jackson.dataformat.yaml.YAMLParser;
import com.google.common.io.Resources;
import dev.coppice.growth.moment.MomentRule;
import dev.coppice.growth.plan.GrowthOperator;
import dev.coppice.moe.CoppiceException;
import dev.coppice.moe.ErrorKind;
import dev.coppice.moe.safetensors.JsonFault;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import org.yaml.snakeyaml.LoaderOptions;

/**
 * A growth as a file says it: a seed, and operators in the form of the lineage.
 *
 * <p>Parameters that the file leaves out take the defaults of the command line, which the schema
 * names. Anchors, tags and duplicate keys are refused, and so is a file of more than a megabyte.
 *
 * @param seed seed of all noise
 * @param operator how a checkpoint grows
 * @param moments what becomes of the optimizer's moments; empty if its state is left behind
 */
public record GrowthRecipe(long seed, GrowthOperator operator, Optional<MomentRule> moments) {
  private static final int MOST_BYTES = 1_000_000;
  private static final int DEEPEST = 16;

  /** The JSON Schema of recipe files, as text. */
  public static String schema() {
    try {
      return Resources.toString(
          Resources.getResource(GrowthRecipe.class, "recipe.schema.json"), StandardCharsets.UTF_8);
    } catch (IOException e) {
      throw new UncheckedIOException("recipe.schema.json must be readable", e);
    }
  }

  /**
   * Reads a recipe.
   *
   * @param file YAML, or JSON, which is a part of it
   * @throws CoppiceException USAGE if the file is no recipe, naming line, column and key;
   *     INPUT_INVALID if there is none
   */
  public static GrowthRecipe read(Path file) throws IOException {
    String text = text(file);
    ObjectMapper yaml = mapper();
    Map<String, JsonLocation> places = new HashMap<>();
    try {
      note(yaml, text, places);
      JsonNode tree = yaml.readTree(text);
      RecipeSchema.Fault fault = RecipeSchema.of(schema()).fill(tree);
      if (fault.isFound()) {
        throw malformed(file, place(places, fault.pointer()), fault.message());
      }
      return new GrowthRecipe(
          tree.path("seed").longValue(),
          new OperatorJson().read(tree.path("operators")),
          MomentRule.read(tree.path(MomentRule.KEY)));
    } catch (JsonProcessingException e) {
      String what = JsonFault.of(e).lines().findFirst().orElse("nothing");
      throw malformed(file, said(e.getLocation()), "recipe must be YAML, got " + what);
    }
  }

  private static String text(Path file) throws IOException {
    try {
      if (Files.size(file) > MOST_BYTES) {
        throw malformed(
            file, "", "recipe must be at most a megabyte, got " + Files.size(file) + " bytes");
      }
      return Files.readString(file);
    } catch (NoSuchFileException e) {
      throw new CoppiceException(
          ErrorKind.INPUT_INVALID, "recipe must be a file, got none (" + file + ")", e);
    }
  }

  private static ObjectMapper mapper() {
    LoaderOptions limits = new LoaderOptions();
    limits.setMaxAliasesForCollections(0);
    limits.setNestingDepthLimit(DEEPEST);
    limits.setCodePointLimit(MOST_BYTES);
    limits.setAllowDuplicateKeys(false);
    return new ObjectMapper(YAMLFactory.builder().loaderOptions(limits).build())
        .enable(JsonParser.Feature.STRICT_DUPLICATE_DETECTION);
  }

  /** Notes where each key or entry stands; refuses what YAML can do beyond a tree. */
  private static void note(ObjectMapper yaml, String text, Map<String, JsonLocation> places)
      throws IOException {
    try (JsonParser parser = yaml.createParser(text)) {
      int depth = 0;
      for (JsonToken token = parser.nextToken(); token != null; token = parser.nextToken()) {
        if (token == JsonToken.START_OBJECT || token == JsonToken.START_ARRAY) {
          depth++;
        }
        if (depth > DEEPEST || parser.getObjectId() != null || isReference(parser)) {
          throw new JsonParseException(
              parser,
              depth > DEEPEST ? "values nested too deep" : "an anchor or alias",
              parser.currentTokenLocation());
        }
        if (token.isStructEnd()) {
          depth--;
        } else {
          String pointer = parser.getParsingContext().pathAsPointer().toString();
          places.putIfAbsent(pointer, parser.currentTokenLocation());
        }
      }
    }
  }

  private static boolean isReference(JsonParser parser) {
    return parser instanceof YAMLParser p && p.isCurrentAlias();
  }

  private static String place(Map<String, JsonLocation> places, String pointer) {
    String at = pointer;
    while (!places.containsKey(at) && !at.isEmpty()) {
      at = at.substring(0, at.lastIndexOf('/'));
    }
    JsonLocation found = places.get(at);
    return found == null ? "" : said(found);
  }

  private static String said(JsonLocation at) {
    return String.format(Locale.ROOT, ", line %d, column %d", at.getLineNr(), at.getColumnNr());
  }

  private static CoppiceException malformed(Path file, String place, String what) {
    return new CoppiceException(ErrorKind.REQUEST_INVALID, what + " (" + file + place + ")");
  }
}
