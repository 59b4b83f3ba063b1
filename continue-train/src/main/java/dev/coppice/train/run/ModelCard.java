package dev.coppice.train.run;

import com.google.common.collect.ImmutableList;
import java.util.Locale;
import java.util.Optional;
import java.util.regex.Pattern;

/** The README.md of a trained checkpoint, with the front matter that the Hugging Face Hub reads. */
final class ModelCard {
  private static final Pattern INHERITED = Pattern.compile("(license|language)\\w*:.*");

  private final RunManifest manifest;
  private final ImmutableList<String> inherited;

  /**
   * A card.
   *
   * @param manifest of the run
   * @param sourceCard card of the model that the run started from; its licence and language hold on
   */
  ModelCard(RunManifest manifest, Optional<String> sourceCard) {
    this.manifest = manifest;
    this.inherited = sourceCard.map(ModelCard::inherited).orElse(ImmutableList.of());
  }

  private static ImmutableList<String> inherited(String card) {
    ImmutableList.Builder<String> kept = ImmutableList.builder();
    boolean keeping = false;
    for (String line : frontMatter(card)) {
      boolean continued = line.startsWith(" ") || line.startsWith("-");
      keeping = continued ? keeping : INHERITED.matcher(line).matches();
      if (keeping) {
        kept.add(line);
      }
    }
    return kept.build();
  }

  private static ImmutableList<String> frontMatter(String card) {
    ImmutableList<String> lines = card.lines().collect(ImmutableList.toImmutableList());
    if (lines.isEmpty() || !lines.get(0).equals("---")) {
      return ImmutableList.of();
    }
    int end = lines.subList(1, lines.size()).indexOf("---");
    return end < 0 ? ImmutableList.of() : lines.subList(1, end + 1);
  }

  /** The card's text at a state of the run. */
  String text(RunState state) {
    return frontMatter() + body(state);
  }

  private boolean fresh() {
    return manifest.spec().initialWeights() == InitialWeights.FRESH;
  }

  private String frontMatter() {
    StringBuilder text = new StringBuilder("---\n");
    inherited.forEach(line -> text.append(line).append('\n'));
    text.append("library_name: transformers\npipeline_tag: text-generation\n");
    text.append("tags:\n- moe\n- coppice\n");
    if (!fresh()) {
      text.append("base_model: ").append(manifest.baseModel()).append('\n');
    }
    return text.append("---\n").toString();
  }

  private String body(RunState state) {
    return String.format(
        Locale.ROOT,
        """

        # %s

        %s for %d steps: %d tokens, %s FLOPs
        (6 a token and active parameter), learning rate %s, seed %d.

        Data: %d tokens, SHA-256 `%s`.

        Made by Coppice %s. What it has cost in all is in `coppice.json`.
        """,
        manifest.baseModel(),
        fresh() ? "Trained from fresh weights" : "Trained on from " + manifest.baseModel(),
        state.step(),
        state.spent().tokens(),
        state.spent().flops(),
        manifest.spec().optimizer().learningRate(),
        manifest.spec().seed(),
        manifest.data().tokens(),
        manifest.data().sha256(),
        manifest.coppiceVersion());
  }
}
