package dev.coppice.train.data;

import dev.coppice.moe.CoppiceException;
import dev.coppice.moe.ErrorKind;
import dev.coppice.moe.io.Folders;
import dev.coppice.train.data.heldout.HeldOut;
import dev.coppice.train.data.token.TokenSequence;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;

/**
 * Comparison of own evaluation data that a resume was given with the evaluation data of its run.
 */
final class SameHeldOut {
  private final DataRecovery recovery;
  private final List<Path> given;

  SameHeldOut(DataRecovery recovery, List<Path> given) {
    this.recovery = recovery;
    this.given = given;
  }

  /**
   * Reads what was given, as the run read its data, and compares it source by source.
   *
   * @param preparation reads as the run's data was read
   * @throws CoppiceException with {@link ErrorKind#REQUEST_INVALID} when the run has another number
   *     of sources, with {@link ErrorKind#INTEGRITY} when one has other tokens
   */
  void check(Preparation preparation) throws IOException {
    Path run = recovery.runFolder().toAbsolutePath().normalize();
    Optional<HeldOut> recorded = HeldOut.open(run);
    if (recorded.isEmpty()) {
      throw otherNumber("none");
    }
    try (HeldOut all = recorded.get()) {
      List<HeldOut.Source> sources = all.sources().subList(splitSources(all), all.sources().size());
      if (sources.size() != given.size()) {
        throw otherNumber(names(sources.stream().map(HeldOut.Source::name).toList()));
      }
      compare(preparation, sources, run);
    }
  }

  /** The sources that {@code --held-out} made come first, one a part. */
  private int splitSources(HeldOut all) {
    long split = recovery.spec().parts().stream().filter(part -> part.split() != null).count();
    return (int) Math.min(split, all.sources().size());
  }

  private CoppiceException otherNumber(String recorded) {
    return new CoppiceException(
        ErrorKind.REQUEST_INVALID,
        "options must be those of the run or left out, got --held-out-data "
            + names(given.stream().map(Path::toString).toList())
            + " where the run has "
            + recorded);
  }

  private static String names(List<String> names) {
    return names.isEmpty() ? "none" : String.join(" ", names);
  }

  private void compare(Preparation preparation, List<HeldOut.Source> sources, Path run)
      throws IOException {
    Path scratch = Files.createTempDirectory(run, ".step-data.tmp-");
    try {
      preparation.writeOwn(given, scratch);
      try (HeldOut made = HeldOut.open(scratch).orElseThrow()) {
        for (int i = 0; i < sources.size(); i++) {
          check(given.get(i), made.sources().get(i), sources.get(i));
        }
      }
    } finally {
      Folders.delete(scratch);
    }
  }

  private static void check(Path path, HeldOut.Source made, HeldOut.Source recorded) {
    if (!same(made.tokens(), recorded.tokens())) {
      throw new CoppiceException(
          ErrorKind.INTEGRITY,
          "--held-out-data must be that of the run or left out, got other tokens in "
              + path
              + " than the run has of "
              + recorded.name());
    }
  }

  private static boolean same(TokenSequence one, TokenSequence other) {
    if (one.tokenCount() != other.tokenCount() || one.documentCount() != other.documentCount()) {
      return false;
    }
    for (long document = 0; document < one.documentCount(); document++) {
      if (one.documentStart(document) != other.documentStart(document)) {
        return false;
      }
    }
    for (long at = 0; at < one.tokenCount(); at++) {
      if (one.token(at) != other.token(at)) {
        return false;
      }
    }
    return true;
  }
}
