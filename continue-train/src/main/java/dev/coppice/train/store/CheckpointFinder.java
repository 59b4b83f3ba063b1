package dev.coppice.train.store;

import dev.coppice.moe.CoppiceException;
import dev.coppice.moe.ErrorKind;
import java.io.IOException;
import java.nio.file.Path;
import java.util.Optional;
import java.util.function.Consumer;
import java.util.function.LongPredicate;

/** Finds whole checkpoints of a run, and sets damaged ones aside. */
public final class CheckpointFinder {
  private final RunFolder folder;
  private final boolean fallBack;
  private final Consumer<String> setAside;

  /** A whole checkpoint, and where the run stood. */
  public record Found(Path folder, CheckpointManifest manifest, RunState state) {}

  /**
   * A finder.
   *
   * @param folder of the run
   * @param fallBack whether an older checkpoint will do where a newer one is damaged
   * @param setAside receives each damaged one, which is moved
   */
  public CheckpointFinder(RunFolder folder, boolean fallBack, Consumer<String> setAside) {
    this.folder = folder;
    this.fallBack = fallBack;
    this.setAside = setAside;
  }

  /**
   * The newest whole checkpoint.
   *
   * @param wanted which steps will do
   * @throws CoppiceException with {@link ErrorKind#INTEGRITY} when a newer one is damaged, and the
   *     finder does not fall back
   * @throws IOException when something cannot be read, which is no damage: nothing is moved
   */
  public Optional<Found> newest(LongPredicate wanted) throws IOException {
    for (Path step : folder.steps()) {
      if (!wanted.test(RunFolder.number(step))) {
        continue;
      }
      try {
        CheckpointManifest manifest = CheckpointManifest.verified(step);
        RunState state = OlderRuns.state(RunFolder.state(step));
        return Optional.of(new Found(step, manifest, state));
      } catch (DamageException e) {
        onDamage(step, e);
      }
    }
    return Optional.empty();
  }

  private void onDamage(Path step, DamageException e) throws IOException {
    if (!fallBack) {
      throw new CoppiceException(
          ErrorKind.INTEGRITY,
          "checkpoint must be whole: " + e.getMessage() + " (" + step + ")",
          e);
    }
    Path aside = folder.setAside(step);
    setAside.accept(step.getFileName() + " set aside as " + aside + ": " + e.getMessage());
  }
}
