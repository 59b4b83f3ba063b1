package dev.coppice.train.store;

import com.google.common.collect.ImmutableList;
import dev.coppice.moe.folder.CardHeader;
import dev.coppice.train.spec.InitialWeights;
import java.nio.file.Path;
import java.util.Locale;
import java.util.Optional;

/** The README.md of a trained checkpoint, with the front matter that the Hugging Face Hub reads. */
final class ModelCard {
  private static final ImmutableList<String> TAGS = ImmutableList.of("moe", "coppice");

  private final RunManifest manifest;
  private final CardHeader header;

  /**
   * A card.
   *
   * @param manifest of the run
   * @param sourceCard card of the model that the run started from; its licence and language hold on
   */
  ModelCard(RunManifest manifest, Optional<String> sourceCard) {
    this.manifest = manifest;
    this.header = CardHeader.of(sourceCard, Path.of(manifest.checkpoint()));
  }

  /** The card's text at a state of the run. */
  String text(RunState state) {
    return frontMatter() + body(state);
  }

  private boolean fresh() {
    return manifest.spec().initialWeights() == InitialWeights.FRESH;
  }

  private String frontMatter() {
    return (fresh() ? header.withoutBase() : header).text(TAGS);
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
