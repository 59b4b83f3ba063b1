package dev.coppice.train.cli;

import dev.coppice.train.data.DataPath;
import dev.coppice.train.data.heldout.HeldOutSpec;
import dev.coppice.train.data.heldout.HoldOut;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import picocli.CommandLine.Option;

/** Evaluation data of a run. */
final class HeldOutOptions {
  @Option(
      names = "--held-out",
      paramLabel = "SHARE",
      description =
          "Share of each part's tokens that is held out of training, in"
              + " RUN/data/held-out.tokens. It consists of whole documents, or of the end of a"
              + " single document.")
  private Optional<Double> share;

  @Option(
      names = "--held-out-data",
      paramLabel = "PATH",
      arity = "1..*",
      description =
          "Evaluation data, with the forms and options of --data, with or without"
              + " --held-out. Each path has its own loss.")
  private List<String> own = List.of();

  /** The options that were given. */
  HoldOut holdOut(long seed) {
    return new HoldOut(share.map(part -> new HeldOutSpec(part, seed)), paths());
  }

  private List<Path> paths() {
    return DataPath.unweighted("--held-out-data", "each path has a loss of its own", own);
  }
}
