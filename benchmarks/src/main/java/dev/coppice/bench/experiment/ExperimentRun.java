package dev.coppice.bench.experiment;

import static com.google.common.base.Preconditions.checkState;

import com.google.common.collect.ImmutableMap;
import com.google.errorprone.annotations.CanIgnoreReturnValue;
import dev.coppice.bench.experiment.GrowVersusScratch.Stage;
import dev.coppice.growth.GrowthExecutor;
import dev.coppice.growth.GrowthProgress;
import dev.coppice.growth.GrowthRequest;
import dev.coppice.growth.GrowthResult;
import dev.coppice.moe.checkpoint.Checkpoint;
import dev.coppice.moe.checkpoint.CheckpointWriter;
import dev.coppice.moe.checkpoint.ShardLayout;
import dev.coppice.moe.family.Family;
import dev.coppice.moe.model.LanguageModel;
import dev.coppice.moe.model.Precision;
import dev.coppice.moe.spec.MoeSpec;
import dev.coppice.train.eval.EvalSpec;
import dev.coppice.train.eval.Evaluator;
import dev.coppice.train.eval.HeldOutScores;
import dev.coppice.train.eval.HeldOutText;
import dev.coppice.train.run.TrainResult;
import dev.coppice.train.spec.InitialWeights;
import java.io.IOException;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;

/** The steps of one experiment, in order. */
final class ExperimentRun {
  private final Stage stage;
  private final ExperimentSpec spec;
  private final ExperimentFolder folder;
  private final Estimate estimate;
  private final ExperimentProgress progress;
  private Budgets budgets;
  private final Map<String, Findings.Trained> trained = new LinkedHashMap<>();

  ExperimentRun(Stage stage, Estimate estimate, ExperimentProgress progress) {
    this.stage = stage;
    this.spec = stage.spec();
    this.folder = stage.folder();
    this.estimate = estimate;
    this.progress = progress;
    this.budgets = stage.budgets();
  }

  Findings run(GrowVersusScratch.Replan replan) throws IOException {
    Path fresh = writeFreshBase();
    double baseSeconds = estimate.trainingBase(budgets.baseFlops());
    TrainResult base =
        trainAndJudge(
            new ArmRun(
                "base",
                fresh,
                InitialWeights.FRESH,
                spec.training().baseSchedule(),
                spec.seed(),
                budgets.baseFlops()),
            folder.base(),
            baseSeconds);
    // the progress line keeps the plan's proportions; it learns the pace by itself
    budgets = replan.after(base);
    grow();
    double grownSeconds = estimate.trainingGrown(stage.budgets().extraFlops());
    double keptSeconds = estimate.trainingBase(stage.budgets().extraFlops());
    arm("grown", folder.grown(), InitialWeights.CHECKPOINT, grownSeconds);
    arm("scratch", folder.grown(), InitialWeights.FRESH, grownSeconds);
    arm("kept", folder.base(), InitialWeights.CHECKPOINT, keptSeconds);
    return new Findings(ImmutableMap.copyOf(trained), budgets);
  }

  /** A base without training, from which its run takes the configuration. */
  private Path writeFreshBase() throws IOException {
    Path fresh = folder.work("fresh");
    MoeSpec shape = spec.base().spec(spec.training().sequence());
    try (LanguageModel model =
            LanguageModel.fresh(
                Family.named(shape.family()).configFor(shape), spec.seed(), Precision.FLOAT32);
        CheckpointWriter writer = CheckpointWriter.begin(fresh)) {
      model.writeTo(writer, ShardLayout.DEFAULT_MAX_BYTES);
      writer.commit();
    }
    return fresh;
  }

  private void grow() throws IOException {
    try (Checkpoint base = Checkpoint.open(folder.base())) {
      GrowthResult result =
          GrowthExecutor.run(
              base,
              GrowthRequest.of(spec.growth().operator(), spec.seed()),
              folder.grown(),
              GrowthProgress.NONE);
      MoeSpec expected = spec.grownShape().spec(spec.training().sequence());
      checkState(
          result.plan().anatomy().counts().active() == expected.activeParameterCount(),
          "the grown model must have the shape that was planned with, got %s",
          result.plan().anatomy().counts());
    }
  }

  /** All arms draw their data from one seed, which is not the base's. */
  private void arm(String name, Path start, InitialWeights weights, double seconds)
      throws IOException {
    ArmRun run =
        new ArmRun(
            name,
            start,
            weights,
            spec.training().armSchedule(),
            spec.seed() + 1,
            budgets.extraFlops());
    trainAndJudge(run, folder.arm(name), seconds);
  }

  @CanIgnoreReturnValue
  private TrainResult trainAndJudge(ArmRun run, Path checkpoint, double seconds)
      throws IOException {
    ArmRun.Places places =
        new ArmRun.Places(folder.work("runs"), checkpoint, folder.curve(run.name()));
    TrainResult result =
        run.run(
            spec.training(),
            stage.tokens().train(),
            places,
            progress.training(run.name(), seconds));
    HeldOutScores scores = judge(checkpoint);
    boolean small = run.name().equals("base") || run.name().equals("kept");
    progress.passed(
        run.name() + " judged", small ? estimate.judgingBase() : estimate.judgingGrown());
    trained.put(run.name(), new Findings.Trained(checkpoint, result, scores));
    return result;
  }

  private HeldOutScores judge(Path checkpoint) throws IOException {
    try (Checkpoint folderOfModel = Checkpoint.open(checkpoint);
        LanguageModel model = LanguageModel.open(folderOfModel, Precision.FLOAT32)) {
      HeldOutText heldOut = HeldOutText.ofBytes(stage.tokens().heldOut());
      return Evaluator.score(model, heldOut, evalSpec());
    }
  }

  private EvalSpec evalSpec() {
    int sequence = spec.training().sequence();
    return new EvalSpec(
        spec.training().batch(),
        sequence,
        Math.max(1, spec.judging().tokens() / sequence),
        spec.training().documentMask(),
        spec.judging().resamples(),
        spec.seed());
  }
}
