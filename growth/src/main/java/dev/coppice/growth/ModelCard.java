package dev.coppice.growth;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import com.fasterxml.jackson.dataformat.yaml.YAMLFactory;
import com.fasterxml.jackson.dataformat.yaml.YAMLGenerator;
import com.google.common.collect.ImmutableList;
import dev.coppice.moe.CoppiceVersion;
import dev.coppice.moe.anatomy.Anatomy;
import dev.coppice.moe.checkpoint.Checkpoint;
import java.io.IOException;
import java.nio.charset.MalformedInputException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Locale;
import java.util.Optional;

/**
 * The grown checkpoint's {@code README.md}: front matter that the Hub reads, and the recipe.
 *
 * <p>The source's license and languages are inherited; its text is not.
 */
final class ModelCard {
  private static final ImmutableList<String> INHERITED =
      ImmutableList.of("license", "license_name", "license_link", "language");
  private static final String FENCE = "---\n";

  private final Checkpoint source;
  private final GrowthRecord record;
  private final ObjectMapper yaml =
      new ObjectMapper(
          new YAMLFactory()
              .disable(YAMLGenerator.Feature.WRITE_DOC_START_MARKER)
              .enable(YAMLGenerator.Feature.MINIMIZE_QUOTES));

  ModelCard(Checkpoint source, GrowthRecord record) {
    this.source = source;
    this.record = record;
  }

  /** The whole file. */
  String text() throws IOException {
    return FENCE + yaml.writeValueAsString(frontMatter()) + FENCE + "\n" + body();
  }

  private ObjectNode frontMatter() throws IOException {
    ObjectNode front = yaml.createObjectNode();
    ObjectNode inherited = sourceFrontMatter();
    for (String key : INHERITED) {
      if (inherited.has(key)) {
        front.set(key, inherited.get(key));
      }
    }
    front.put("base_model", record.sourceName());
    front.put("library_name", "transformers");
    front.put("pipeline_tag", "text-generation");
    ArrayNode tags = front.putArray("tags");
    tags.add("moe").add("coppice").add("model-growth");
    return front;
  }

  /** The source card's front matter; empty where there is none that can be read. */
  private ObjectNode sourceFrontMatter() throws IOException {
    Optional<Path> card = source.modelCard();
    ObjectNode nothing = yaml.createObjectNode();
    if (card.isEmpty()) {
      return nothing;
    }
    try {
      String text = Files.readString(card.get()).replace("\r\n", "\n");
      int end = text.startsWith(FENCE) ? text.indexOf("\n" + FENCE, FENCE.length() - 1) : -1;
      return end >= 0
              && yaml.readTree(text.substring(FENCE.length(), end + 1)) instanceof ObjectNode o
          ? o
          : nothing;
    } catch (JsonProcessingException | MalformedInputException e) {
      return nothing;
    }
  }

  private String body() {
    Anatomy before = source.anatomy();
    Anatomy after = record.plan().anatomy();
    StringBuilder text = new StringBuilder();
    text.append("# Grown from ").append(record.sourceName()).append("\n\n");
    text.append("Made by Coppice ").append(CoppiceVersion.current());
    text.append(" from `").append(record.sourceName()).append("`: ");
    text.append(promise(record.plan().invariant())).append("\n\n");
    text.append("| | source | grown |\n|---|---|---|\n");
    row(text, "layers", before.layerCount(), after.layerCount());
    row(text, "experts", before.experts(), after.experts());
    row(text, "experts per token", before.topK(), after.topK());
    if (before.counts().known() && after.counts().known()) {
      row(text, "parameters", before.counts().parameters(), after.counts().parameters());
      row(text, "active parameters", before.counts().active(), after.counts().active());
      row(
          text,
          "training FLOPs a token",
          before.counts().flopsPerToken(),
          after.counts().flopsPerToken());
    } else {
      text.append("| parameters | packed, not counted | packed, not counted |\n");
    }
    text.append("\nRecipe, in order; seed ").append(record.seed()).append(":\n\n");
    for (JsonNode operator : record.operators()) {
      text.append("- `").append(operator).append("`\n");
    }
    record
        .moments()
        .ifPresent(
            rule ->
                text.append("\nThe optimizer's moments are in `")
                    .append(TrainingState.FILE)
                    .append("`, rule `")
                    .append(rule.key())
                    .append("`.\n"));
    text.append("\nWhat that means here:\n\n");
    record.plan().notes().forEach(note -> text.append("- ").append(note).append("\n"));
    text.append("\n`coppice.json` names the source of every tensor and the check sums of the ");
    text.append("source's files.\n");
    return text.toString();
  }

  private static String promise(Invariant invariant) {
    return switch (invariant) {
      case IDENTITY -> "it computes the source's logits, bit for bit.";
      case EXACT -> "it computes the source's logits, up to rounding.";
      case NONE -> "it is a start for further training, not a finished model.";
    };
  }

  private static void row(StringBuilder text, String name, long before, long after) {
    text.append(String.format(Locale.ROOT, "| %s | %,d | %,d |\n", name, before, after));
  }
}
