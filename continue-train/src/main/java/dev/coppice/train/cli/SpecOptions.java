package dev.coppice.train.cli;

import dev.coppice.train.optimizer.InitialMoments;
import dev.coppice.train.optimizer.LossSpec;
import dev.coppice.train.spec.BatchSpec;
import dev.coppice.train.spec.InitialWeights;
import dev.coppice.train.spec.TrainSpec;
import java.util.Optional;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** How a run trains; what is not given stays as it is in {@link TrainSpec#defaults()}. */
final class SpecOptions {
  @Option(
      names = "--seed",
      paramLabel = "S",
      description = "Seed of the data's order and of fresh weights (default: 0).")
  private Optional<Long> seed;

  @Option(
      names = "--from-scratch",
      description = "Starts with fresh weights in the checkpoint's shape.")
  private boolean fromScratch;

  @Option(
      names = "--precision",
      paramLabel = "P",
      description = "Precision: float32 or bf16. Weights are float32 in both (default: float32).")
  private Optional<PrecisionName> precision;

  @Option(
      names = "--batch",
      paramLabel = "B",
      description = "Number of sequences in a step (default: 8).")
  private Optional<Integer> batch;

  @Option(
      names = "--sequence",
      paramLabel = "S",
      description =
          "Number of tokens in a sequence (default: 256, or the limit of the model's"
              + " positions and the data).")
  private Optional<Integer> sequence;

  @Option(
      names = "--micro-batch",
      paramLabel = "B",
      description =
          "Number of sequences computed at once; fewer need less memory (default: the batch).")
  private Optional<Integer> microBatch;

  @Option(
      names = "--load-balance",
      paramLabel = "W",
      description =
          "Weight of the load-balancing loss. As in transformers, the loss covers all"
              + " layers together and is K at perfect balance. Papers with a loss of 1 there"
              + " use K times the weight (default: the checkpoint's own router_aux_loss_coef or"
              + " aux_loss_alpha, else 0.01).")
  private Optional<Double> loadBalance;

  @Option(
      names = "--z-loss",
      paramLabel = "W",
      description = "Weight of the router's z loss (default: 0.001).")
  private Optional<Double> z;

  @Option(
      names = "--bias-step",
      paramLabel = "STEP",
      description =
          "Change of selection biases towards equal load in each step, such as 0.001,"
              + " for routers with such biases; 0 keeps them (default: 0).")
  private Optional<Double> biasStep;

  @Option(
      names = "--document-mask",
      negatable = true,
      description =
          "Tokens attend to their own document only, in training and in evaluations"
              + " (default: true).")
  private Optional<Boolean> documentMask;

  @Option(
      names = "--recompute",
      description =
          "Recomputes activations in the backward pass. Needs less memory and about a"
              + " third more time, and gives the same bits.")
  private Optional<Boolean> recompute;

  @Option(
      names = "--optimizer-state",
      paramLabel = "KIND",
      description =
          "Initial moments of AdamW. checkpoint: the moments in the checkpoint's folder,"
              + " if there are any. zero: zeros (default: checkpoint).")
  private Optional<InitialMoments> moments;

  @Option(
      names = "--average",
      paramLabel = "DECAY",
      description =
          "Decay of a running average of the weights, such as 0.999. The run also ends"
              + " with a checkpoint of the average (default: 0, none).")
  private Optional<Double> average;

  @Mixin private OptimizerOptions optimizer;

  @Mixin private RateOptions rates;

  @Mixin private ScheduleOptions schedule;

  @Mixin private TeacherOptions teacher;

  @Mixin private GuardOptions guard;

  @Mixin private SaveOptions save;

  /** Whether a load-balance weight was given. */
  boolean setsLoadBalance() {
    return loadBalance.isPresent();
  }

  /** A spec with what was given put in place of its own. */
  TrainSpec over(TrainSpec base) {
    return base.withSeed(seed.orElse(base.seed()))
        .withInitialWeights(fromScratch ? InitialWeights.FRESH : base.initialWeights())
        .withInitialMoments(moments.orElse(base.initialMoments()))
        .withPrecision(precision.map(PrecisionName::precision).orElse(base.precision()))
        .withBatch(batch(base.batch()))
        .withOptimizer(optimizer.over(base.optimizer()))
        .withRates(rates.over(base.rates()))
        .withAverage(average.orElse(base.average()))
        .withSchedule(schedule.over(base.schedule()))
        .withLoss(
            new LossSpec(
                loadBalance.orElse(base.loss().loadBalance()),
                z.orElse(base.loss().z()),
                biasStep.orElse(base.loss().biasStep())))
        .withTeacher(teacher.over(base.teacher()))
        .withGuard(guard.over(base.guard()))
        .withSave(save.over(base.save()))
        .withEvaluation(save.over(base.evaluation()));
  }

  /**
   * A new run's spec: defaults give way where what was given does not go with them.
   *
   * @param base the defaults
   */
  TrainSpec begun(TrainSpec base) {
    BatchSpec usual = base.batch();
    int micro = microBatch.orElse(0);
    if (batch.isEmpty() && micro > 0 && usual.sequences() % micro != 0) {
      int multiple = micro * Math.max(1, usual.sequences() / micro);
      log().warn("a batch has {} sequences, a multiple of --micro-batch {}", multiple, micro);
      usual = new BatchSpec(multiple, usual.sequence(), micro);
    }
    return over(base.withBatch(usual));
  }

  /** Whether the windows' length was given. */
  boolean givesSequence() {
    return sequence.isPresent();
  }

  private BatchSpec batch(BatchSpec base) {
    int sequences = batch.orElse(base.sequences());
    int unlessGiven = batch.isPresent() ? sequences : base.microBatch();
    return new BatchSpec(
        sequences,
        sequence.orElse(base.sequence()),
        microBatch.orElse(unlessGiven),
        documentMask.orElse(base.documentMask()),
        recompute.orElse(base.recompute()));
  }

  // no field: logging is set up where it is needed, not at the start of every command
  private static Logger log() {
    return LoggerFactory.getLogger(SpecOptions.class);
  }
}
