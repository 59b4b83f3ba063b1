package dev.coppice.bench.micro;

import com.google.common.math.Quantiles;
import dev.coppice.moe.checkpoint.CheckpointWriter;
import dev.coppice.moe.family.Family;
import dev.coppice.moe.model.LanguageModel;
import dev.coppice.moe.model.Precision;
import dev.coppice.moe.model.TokenBatch;
import dev.coppice.moe.train.Learner;
import dev.coppice.train.budget.Budget;
import dev.coppice.train.data.token.TokenFile;
import dev.coppice.train.data.token.TokenFileWriter;
import dev.coppice.train.metrics.MetricsLine;
import dev.coppice.train.optimizer.LossSpec;
import dev.coppice.train.run.TrainingRun;
import dev.coppice.train.spec.BatchSpec;
import dev.coppice.train.spec.EvaluationSpec;
import dev.coppice.train.spec.SaveSpec;
import dev.coppice.train.spec.TrainSpec;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Random;

/**
 * The time that the loop adds to the bare steps of {@link SpeedTrain}: its own steps in turn with
 * bare ones, the wait for data, and the cost of a checkpoint while training continues.
 *
 * <p>A run of the same model is stepped in rounds of three equal parts: in the first, a checkpoint
 * is written behind; the second is quiet; in the third, each step of the run is followed by a bare
 * one.
 */
public final class SpeedLoop {
  private static final int TOKENS = 1 << 20;
  private static final long MAX_SHARD_BYTES = 5_000_000_000L;

  private SpeedLoop() {}

  /**
   * Measurements.
   *
   * @param loopOverBare speed of the loop's steps over bare ones in turn with them, median of
   *     rounds
   * @param waitShare share of a step that goes into reading data, over all rounds
   * @param saveSeconds what a checkpoint adds to the steps after it, median of rounds
   * @param stepSeconds of a quiet step, median of rounds
   * @param rounds measured
   */
  public record Result(
      double loopOverBare,
      double waitShare,
      double saveSeconds,
      double stepSeconds,
      List<Double> rounds) {
    /** Copies. */
    public Result {
      rounds = List.copyOf(rounds);
    }

    /** The time that checkpoints add at an interval of so many steps. */
    public double saveShare(long everySteps) {
      return saveSeconds / (everySteps * stepSeconds);
    }

    /** Lines for people. */
    public String text() {
      return String.format(
          Locale.ROOT,
          "loop over bare steps: %.3f (rounds %s)%nreading data: %.2f %% of a step%n"
              + "a checkpoint, written behind: %.2f s, %.2f %% at one every 100 steps of %.3f s",
          loopOverBare,
          rounds.stream().map(r -> String.format(Locale.ROOT, "%.3f", r)).toList(),
          100 * waitShare,
          saveSeconds,
          100 * saveShare(100),
          stepSeconds);
    }
  }

  /**
   * Runs the benchmark.
   *
   * @param folder to work in; empty
   * @param rounds measured, after one that is not; positive
   * @param part steps of each third of a round; positive
   * @throws IOException when the disk refuses
   */
  public static Result run(Path folder, int rounds, int part) throws IOException {
    Path checkpoint = folder.resolve("model");
    writeModel(checkpoint);
    TrainSpec spec =
        TrainSpec.defaults()
            .withBatch(
                new BatchSpec(
                    SpeedTrain.PLAIN.batch(),
                    SpeedTrain.PLAIN.sequence(),
                    SpeedTrain.PLAIN.batch()))
            .withLoss(new LossSpec(0, 0))
            .withEvaluation(EvaluationSpec.NONE)
            .withSave(new SaveSpec(3L * part, 0, 1, 0, true));
    try (TokenFile tokens = writeTokens(folder.resolve("random.tokens"));
        Rounds measured = new Rounds(part);
        TrainingRun run =
            TrainingRun.start(
                spec,
                checkpoint,
                tokens,
                new Budget.Steps(3L * part * (rounds + 1)),
                folder.resolve("run"))) {
      run.run((line, share) -> measured.step(line));
      return measured.result();
    }
  }

  private static LanguageModel model() {
    return LanguageModel.fresh(
        Family.named(SpeedTrain.PLAIN.spec().family()).configFor(SpeedTrain.PLAIN.spec()),
        0,
        Precision.FLOAT32);
  }

  private static void writeModel(Path checkpoint) throws IOException {
    try (LanguageModel model = model();
        CheckpointWriter writer = CheckpointWriter.begin(checkpoint)) {
      model.writeTo(writer, MAX_SHARD_BYTES);
      writer.commit();
    }
  }

  private static TokenFile writeTokens(Path file) throws IOException {
    int vocabulary = SpeedTrain.PLAIN.spec().vocabularySize();
    Random random = new Random(0);
    try (TokenFileWriter writer = TokenFileWriter.create(file, vocabulary, "random")) {
      writer.beginDocument("random", TOKENS);
      for (int i = 0; i < TOKENS; i++) {
        writer.append(random.nextInt(vocabulary));
      }
      return writer.finish();
    }
  }

  /** Hears of the run's steps, and takes bare ones between them. */
  private static final class Rounds implements AutoCloseable {
    private final int part;
    private final LanguageModel model = model();
    private final Learner learner = Learner.fresh(model);
    private final List<Double> ratios = new ArrayList<>();
    private final List<Double> saves = new ArrayList<>();
    private final List<Double> quiet = new ArrayList<>();
    private double waited;
    private double stepped;
    private double behind;
    private double alone;
    private double beside;
    private double bare;
    private long last = System.nanoTime();

    Rounds(int part) {
      this.part = part;
    }

    void step(MetricsLine line) {
      double seconds = (System.nanoTime() - last) * 1e-9;
      int at = (int) ((line.step() - 1) % (3L * part));
      waited += line.waitSeconds();
      stepped += seconds;
      switch (at / part) {
        case 0 -> behind += seconds;
        case 1 -> alone += seconds;
        default -> {
          beside += seconds;
          bare += bareStep((int) line.step());
        }
      }
      if (at == 3 * part - 1) {
        endRound(line.step() > 3L * part);
      }
      last = System.nanoTime();
    }

    private double bareStep(int seed) {
      TokenBatch batch = SpeedTrain.batch(SpeedTrain.PLAIN, seed);
      long start = System.nanoTime();
      SpeedTrain.step(learner, batch);
      return (System.nanoTime() - start) * 1e-9;
    }

    private void endRound(boolean warm) {
      if (warm) {
        ratios.add(bare / beside);
        saves.add(behind - alone);
        quiet.add(alone / part);
      } else {
        waited = 0;
        stepped = 0;
      }
      behind = 0;
      alone = 0;
      beside = 0;
      bare = 0;
    }

    Result result() {
      return new Result(
          Quantiles.median().compute(ratios),
          waited / stepped,
          Quantiles.median().compute(saves),
          Quantiles.median().compute(quiet),
          ratios);
    }

    @Override
    public void close() {
      learner.close();
      model.close();
    }
  }
}
