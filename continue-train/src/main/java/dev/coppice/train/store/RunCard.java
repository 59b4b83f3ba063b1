package dev.coppice.train.store;

import com.google.common.collect.ImmutableList;
import dev.coppice.moe.checkpoint.Checkpoint;
import dev.coppice.moe.folder.ModelCard;
import dev.coppice.train.spec.InitialWeights;
import java.io.IOException;
import java.nio.file.Path;
import java.util.Locale;

/** The README.md of a trained checkpoint, with the front matter that the Hugging Face Hub reads. */
final class RunCard {
  private static final ImmutableList<String> TAGS = ImmutableList.of("moe", "coppice");

  private final RunManifest manifest;
  private final ModelCard card;

  /**
   * A card.
   *
   * @param manifest of the run
   * @param source that the run goes on from; the licence and language of its card hold on
   */
  RunCard(RunManifest manifest, Checkpoint source) throws IOException {
    this.manifest = manifest;
    ModelCard from = ModelCard.of(source.modelCard(), Path.of(manifest.checkpoint()));
    this.card = isFresh(manifest) ? from.withoutBase() : from;
  }

  /** The card's text at a state of the run. */
  String text(RunState state) {
    return card.text(TAGS, body(state));
  }

  private static boolean isFresh(RunManifest manifest) {
    return manifest.spec().initialWeights() == InitialWeights.FRESH;
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
        isFresh(manifest)
            ? "Trained from fresh weights"
            : "Trained on from " + manifest.baseModel(),
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
