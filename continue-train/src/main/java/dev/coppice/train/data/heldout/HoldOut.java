package dev.coppice.train.data.heldout;

import java.nio.file.Path;
import java.util.List;
import java.util.Optional;

/**
 * The chosen evaluation data of a run.
 *
 * @param share what to hold out of the data, if anything
 * @param own data for evaluation only, each path a source
 */
public record HoldOut(Optional<HeldOutSpec> share, List<Path> own) {
  /** Nothing. */
  public static final HoldOut NONE = new HoldOut(Optional.empty(), List.of());

  /** Copies the list. */
  public HoldOut {
    own = List.copyOf(own);
  }
}
