package dev.coppice.bench.experiment;

import static com.google.common.collect.ImmutableList.toImmutableList;

import com.google.common.collect.ImmutableList;
import com.google.common.collect.ImmutableMap;
import dev.coppice.bench.experiment.GrowVersusScratch.Stage;
import dev.coppice.growth.norm.NormProfile;
import dev.coppice.moe.CoppiceVersion;
import dev.coppice.moe.chart.Point;
import dev.coppice.moe.checkpoint.Checkpoint;
import dev.coppice.moe.checkpoint.ComputeLedger;
import dev.coppice.moe.checkpoint.CoppiceRecord;
import dev.coppice.train.TrainJson;
import dev.coppice.train.eval.EvalReport;
import dev.coppice.train.eval.HeldOutScores;
import dev.coppice.train.run.TrainResult;
import java.io.IOException;
import java.math.BigInteger;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.stream.Stream;

/**
 * Measurements of a run, and their way into results and report.
 *
 * @param trained each model by name: base, grown, scratch, kept
 * @param budgets that were spent
 */
record Findings(ImmutableMap<String, Trained> trained, Budgets budgets) {
  private static final ImmutableList<String> ARMS = ImmutableList.of("grown", "scratch", "kept");

  /**
   * One trained model.
   *
   * @param checkpoint its folder
   * @param training how its training ended
   * @param scores on held-out text
   */
  record Trained(Path checkpoint, TrainResult training, HeldOutScores scores) {}

  /** Writes the report, then the results. */
  ExperimentResults write(Stage stage, CorpusFacts corpus, double seconds) throws IOException {
    ImmutableList.Builder<Score> arms = ImmutableList.builder();
    for (String arm : ARMS) {
      arms.add(score(arm, stage.folder()));
    }
    ImmutableList<Difference> differences =
        Stream.of("scratch", "kept").map(this::grownLess).collect(toImmutableList());
    ExperimentResults results =
        new ExperimentResults(
            ExperimentResults.SCHEMA_VERSION,
            stage.spec().name(),
            stage.spec().seed(),
            score("base", stage.folder()),
            arms.build(),
            differences,
            Verdict.of(budgets.extraFlops(), differences),
            stage.spec(),
            budgets,
            corpus,
            norms(stage.folder()),
            seconds,
            Machine.here(),
            versions());
    Files.writeString(stage.folder().report(), new ExperimentPage(results, curves(stage)).html());
    TrainJson.writeAtomically(stage.folder().results(), results);
    return results;
  }

  private Score score(String name, ExperimentFolder folder) throws IOException {
    Trained model = find(name);
    try (Checkpoint checkpoint = Checkpoint.open(model.checkpoint())) {
      ComputeLedger ledger =
          checkpoint.record().map(CoppiceRecord::ledger).orElse(ComputeLedger.empty());
      return new Score(
          name,
          folder.relative(model.checkpoint()),
          Score.Size.of(checkpoint.spec()),
          cost(name, ledger, model.training()),
          judgement(model.scores().report()));
    }
  }

  /** The base's own training is sunk for the arms; so it is called here too. */
  private static Score.Cost cost(String name, ComputeLedger ledger, TrainResult training) {
    boolean base = name.equals("base");
    return new Score.Cost(
        base ? ledger.sunkenAll().sunkFlops() : ledger.sunkFlops(),
        base ? BigInteger.ZERO : ledger.extraFlops(),
        training.steps(),
        training.tokens(),
        training.seconds());
  }

  private static Score.Judgement judgement(EvalReport report) {
    // a token is a byte here
    double bits = 1 / Math.log(2);
    return new Score.Judgement(
        report.loss(),
        report.intervalLow(),
        report.intervalHigh(),
        report.loss() * bits,
        report.intervalLow() * bits,
        report.intervalHigh() * bits,
        report.accuracy(),
        report.accuracyLow(),
        report.accuracyHigh());
  }

  private Difference grownLess(String other) {
    HeldOutScores grown = find("grown").scores();
    HeldOutScores rival = find(other).scores();
    double[] interval = grown.differenceInterval(rival);
    return new Difference(
        "grown", other, grown.report().loss() - rival.report().loss(), interval[0], interval[1]);
  }

  private static ImmutableMap<String, ImmutableList<Double>> norms(ExperimentFolder folder)
      throws IOException {
    return ImmutableMap.of(
        "base", norms(folder.base()),
        "grown_start", norms(folder.grown()),
        "grown", norms(folder.arm("grown")));
  }

  private static ImmutableList<Double> norms(Path checkpoint) throws IOException {
    try (Checkpoint opened = Checkpoint.open(checkpoint)) {
      return NormProfile.of(opened).layers();
    }
  }

  private static ImmutableMap<String, ImmutableList<Point>> curves(Stage stage) throws IOException {
    ImmutableMap.Builder<String, ImmutableList<Point>> curves = ImmutableMap.builder();
    for (String arm : ARMS) {
      curves.put(arm, ArmRun.curve(stage.folder().curve(arm)));
    }
    return curves.buildOrThrow();
  }

  private static ImmutableMap<String, String> versions() {
    return ImmutableMap.of(
        "coppice", CoppiceVersion.current(),
        "java", System.getProperty("java.version", "unknown"),
        "engine", ai.djl.engine.Engine.getEngine("PyTorch").getVersion());
  }

  private Trained find(String name) {
    Trained model = trained.get(name);
    if (model == null) {
      throw new IllegalStateException("model must have been trained, got none named " + name);
    }
    return model;
  }
}
