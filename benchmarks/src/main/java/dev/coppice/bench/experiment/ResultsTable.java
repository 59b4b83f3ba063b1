package dev.coppice.bench.experiment;

import static com.google.common.collect.ImmutableList.toImmutableList;

import com.google.common.collect.ImmutableList;
import dev.coppice.moe.report.Quantity;
import dev.coppice.moe.report.Table;

/** The models of an experiment as a table. */
final class ResultsTable {
  private static final ImmutableList<String> HEADER =
      ImmutableList.of(
          "model",
          "weights",
          "active",
          "sunk FLOPs",
          "extra FLOPs",
          "steps",
          "tokens",
          "loss",
          "95 % interval",
          "bits/byte",
          "accuracy");

  private ResultsTable() {}

  static Table of(ExperimentResults results) {
    return new Table(
        HEADER, results.all().stream().map(ResultsTable::row).collect(toImmutableList()));
  }

  private static ImmutableList<String> row(Score score) {
    Score.Judgement judged = score.judgement();
    return ImmutableList.of(
        score.name(),
        Quantity.si(score.size().parameters()),
        Quantity.si(score.size().activeParameters()),
        Quantity.si(score.cost().sunkFlops().doubleValue()),
        Quantity.si(score.cost().extraFlops().doubleValue()),
        Long.toString(score.cost().steps()),
        Quantity.si(score.cost().tokens()),
        Quantity.fixed(judged.heldoutLoss(), 4),
        interval(judged.intervalLow(), judged.intervalHigh()),
        Quantity.fixed(judged.heldoutBitsPerByte(), 4),
        Quantity.percent(judged.heldoutAccuracy()));
  }

  private static String interval(double low, double high) {
    return Quantity.fixed(low, 4) + " to " + Quantity.fixed(high, 4);
  }
}
