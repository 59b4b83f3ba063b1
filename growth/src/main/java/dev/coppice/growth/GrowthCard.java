package dev.coppice.growth;

import com.fasterxml.jackson.databind.JsonNode;
import com.google.common.collect.ImmutableList;
import dev.coppice.growth.plan.Invariant;
import dev.coppice.moe.CoppiceVersion;
import dev.coppice.moe.anatomy.Anatomy;
import dev.coppice.moe.anatomy.Counts;
import dev.coppice.moe.checkpoint.Checkpoint;
import dev.coppice.moe.checkpoint.OptimizerState;
import dev.coppice.moe.folder.ModelCard;
import java.io.IOException;
import java.util.Locale;
import java.util.OptionalLong;
import java.util.function.ToLongFunction;

/**
 * The grown checkpoint's {@code README.md}: front matter that the Hub reads, and the recipe.
 *
 * <p>The source's licence, languages and pipeline tag are inherited; its text is not.
 */
final class GrowthCard {
  private static final ImmutableList<String> TAGS =
      ImmutableList.of("moe", "coppice", "model-growth");

  private final Checkpoint source;
  private final GrowthRecord record;

  GrowthCard(Checkpoint source, GrowthRecord record) {
    this.source = source;
    this.record = record;
  }

  /** The whole file. */
  String text() throws IOException {
    return ModelCard.of(source.modelCard(), source.folder()).text(TAGS, body());
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
    row(text, "parameters", before, after, Counts::parameters);
    row(text, "active parameters", before, after, Counts::active);
    row(text, "training FLOPs a token", before, after, Counts::flopsPerToken);
    text.append("\nRecipe, in order; seed ").append(record.seed()).append(":\n\n");
    for (JsonNode operator : record.operators()) {
      text.append("- `").append(operator).append("`\n");
    }
    record
        .moments()
        .ifPresent(
            rule ->
                text.append("\nThe optimizer's moments are in `")
                    .append(OptimizerState.FILE)
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

  private static void row(
      StringBuilder text,
      String name,
      Anatomy before,
      Anatomy after,
      ToLongFunction<Counts> count) {
    String source = shown(before.counts().ifKnown(count));
    String grown = shown(after.counts().ifKnown(count));
    text.append(String.format(Locale.ROOT, "| %s | %s | %s |\n", name, source, grown));
  }

  private static String shown(OptionalLong count) {
    return count.isPresent()
        ? String.format(Locale.ROOT, "%,d", count.getAsLong())
        : "packed, not counted";
  }

  private static void row(StringBuilder text, String name, long before, long after) {
    text.append(String.format(Locale.ROOT, "| %s | %,d | %,d |\n", name, before, after));
  }
}
