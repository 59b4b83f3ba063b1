package dev.coppice.train.cli;

import dev.coppice.moe.CoppiceException;
import dev.coppice.moe.ErrorKind;
import dev.coppice.moe.parameter.ParameterKind;
import dev.coppice.train.optimizer.PartRates;
import java.util.List;
import java.util.Optional;
import picocli.CommandLine.Option;

/** Learning rates of parts of the model. */
final class RateOptions {
  @Option(
      names = "--new-experts-rate",
      paramLabel = "F",
      description =
          "Factor of the learning rate of experts that growth added, and of their router"
              + " rows (default: 1).")
  private Optional<Double> newExperts;

  @Option(
      names = "--new-layers-rate",
      paramLabel = "F",
      description = "Factor of the learning rate of layers that growth added (default: 1).")
  private Optional<Double> newLayers;

  @Option(
      names = "--router-rate",
      paramLabel = "F",
      description = "Factor of the learning rate of routers (default: 1).")
  private Optional<Double> routers;

  @Option(
      names = "--freeze",
      paramLabel = "PART",
      split = ",",
      description =
          "Parts that are not trained: ${COMPLETION-CANDIDATES}. old is everything that"
              + " growth did not add.")
  private List<PartName> frozen = List.of();

  @Option(
      names = "--no-decay",
      paramLabel = "PART",
      split = ",",
      description = "Parts without weight decay. Norms and biases never have weight decay.")
  private List<PartName> undecayed = List.of();

  /** Rates with what was given put in place of their own. */
  PartRates over(PartRates base) {
    if (undecayed.contains(PartName.OLD)) {
      throw new CoppiceException(
          ErrorKind.REQUEST_INVALID,
          "--no-decay must name kinds of parts, got old, which is for --freeze");
    }
    return new PartRates(
        newExperts.orElse(base.newExperts()),
        newLayers.orElse(base.newLayers()),
        routers.orElse(base.routers()),
        frozen.isEmpty() ? base.frozen() : kinds(frozen),
        frozen.contains(PartName.OLD) || base.oldFrozen(),
        undecayed.isEmpty() ? base.undecayed() : kinds(undecayed));
  }

  private static List<ParameterKind> kinds(List<PartName> names) {
    return names.stream().flatMap(name -> name.kinds().stream()).distinct().sorted().toList();
  }
}
