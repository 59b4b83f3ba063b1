package dev.coppice.train.cli;

import dev.coppice.moe.CoppiceException;
import dev.coppice.moe.ErrorKind;
import dev.coppice.train.distill.TeacherSpec;
import java.nio.file.Path;
import java.util.Optional;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Option;

/** Kickstarting from an older model. */
final class TeacherOptions {
  @Option(
      names = "--teacher",
      paramLabel = "CKPT",
      description =
          "Older checkpoint whose distribution is a second target. Its FLOPs count"
              + " against the budget.")
  private Optional<Path> teacher;

  @Option(
      names = "--teacher-weight",
      paramLabel = "W",
      description = "Weight of the teacher's loss at the start (default: 1).")
  private Optional<Double> weight;

  @Option(
      names = "--teacher-until",
      paramLabel = "SHARE",
      description =
          "Share of the budget at which the teacher's weight reaches zero (default: 0.5).")
  private Optional<Double> until;

  @Option(
      names = "--teacher-fall",
      paramLabel = "KIND",
      description = "Fall of the teacher's weight: constant, linear or cosine (default: linear).")
  private Optional<TeacherSpec.Fall> fall;

  @Option(
      names = "--teacher-temperature",
      paramLabel = "T",
      description = "Temperature of both distributions (default: 1).")
  private Optional<Double> temperature;

  @Option(
      names = "--teacher-top",
      paramLabel = "N",
      description =
          "Number of the teacher's most likely tokens in the target; 0 for all (default: 0).")
  private Optional<Integer> top;

  /** A teacher with what was given put in place of its own; none where none is named. */
  @Nullable TeacherSpec over(@Nullable TeacherSpec base) {
    TeacherSpec named =
        teacher
            .map(path -> TeacherSpec.of(path.toAbsolutePath().normalize().toString()))
            .orElse(base);
    if (named == null) {
      refuseOthers();
      return null;
    }
    TeacherSpec start = base == null ? named : base;
    return new TeacherSpec(
        named.checkpoint(),
        temperature.orElse(start.temperature()),
        weight.orElse(start.weight()),
        fall.orElse(start.fall()),
        until.orElse(start.until()),
        top.orElse(start.top()));
  }

  private void refuseOthers() {
    if (Stream.of(weight, until, fall, temperature, top).anyMatch(Optional::isPresent)) {
      throw new CoppiceException(
          ErrorKind.REQUEST_INVALID,
          "--teacher must name a checkpoint where its other options are given");
    }
  }
}
