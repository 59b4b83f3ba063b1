package dev.coppice.train.cli;

import dev.coppice.train.optimizer.LossSpec;
import dev.coppice.train.optimizer.OptimizerSpec;
import dev.coppice.train.run.BatchSpec;
import dev.coppice.train.run.InitialWeights;
import dev.coppice.train.run.SaveSpec;
import dev.coppice.train.run.TrainSpec;
import java.util.Optional;
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
      description = "Begin with fresh weights in the checkpoint's shape.")
  private boolean fromScratch;

  @Option(
      names = "--precision",
      paramLabel = "P",
      description = "float32 or bf16; weights are float32 in both (default: float32).")
  private Optional<PrecisionName> precision;

  @Option(names = "--batch", paramLabel = "B", description = "Sequences a step (default: 8).")
  private Optional<Integer> batch;

  @Option(names = "--sequence", paramLabel = "S", description = "Tokens a sequence (default: 256).")
  private Optional<Integer> sequence;

  @Option(
      names = "--document-mask",
      negatable = true,
      description =
          "Whether tokens see only their own document; --no-document-mask lets them see all of"
              + " their window (default: --document-mask).")
  private Optional<Boolean> documentMask;

  @Option(
      names = "--micro-batch",
      paramLabel = "B",
      description = "Sequences at once; fewer take less memory (default: the batch).")
  private Optional<Integer> microBatch;

  @Option(
      names = "--learning-rate",
      paramLabel = "R",
      description = "Peak learning rate (default: 1e-3).")
  private Optional<Double> learningRate;

  @Option(
      names = "--weight-decay",
      paramLabel = "W",
      description = "AdamW's weight decay (default: 0.1).")
  private Optional<Double> weightDecay;

  @Option(
      names = "--load-balance",
      paramLabel = "W",
      description = "Weight of the load-balancing loss (default: 0.01).")
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
          "How far selection biases move in a step towards equal load, such as 0.001, for routers"
              + " that have them; 0 keeps them (default: 0).")
  private Optional<Double> biasStep;

  @Option(
      names = "--save-every",
      paramLabel = "STEPS",
      description = "Steps between checkpoints (default: 100).")
  private Optional<Long> saveEvery;

  @Option(
      names = "--keep-last",
      paramLabel = "N",
      description = "Newest checkpoints that are kept (default: 2).")
  private Optional<Integer> keepLast;

  @Mixin private ScheduleOptions schedule;

  /** A spec with what was given put in place of its own. */
  TrainSpec over(TrainSpec base) {
    return base.withSeed(seed.orElse(base.seed()))
        .withInitialWeights(fromScratch ? InitialWeights.FRESH : base.initialWeights())
        .withPrecision(precision.map(PrecisionName::precision).orElse(base.precision()))
        .withBatch(batch(base.batch()))
        .withOptimizer(optimizer(base.optimizer()))
        .withSchedule(schedule.over(base.schedule()))
        .withLoss(
            new LossSpec(
                loadBalance.orElse(base.loss().loadBalance()),
                z.orElse(base.loss().z()),
                biasStep.orElse(base.loss().biasStep())))
        .withSave(
            new SaveSpec(
                saveEvery.orElse(base.save().everySteps()),
                base.save().everyMinutes(),
                keepLast.orElse(base.save().keepLast()),
                base.save().keepEvery(),
                base.save().asynchronous()));
  }

  private BatchSpec batch(BatchSpec base) {
    int sequences = batch.orElse(base.sequences());
    int unlessGiven = batch.isPresent() ? sequences : base.microBatch();
    return new BatchSpec(
        sequences,
        sequence.orElse(base.sequence()),
        microBatch.orElse(unlessGiven),
        documentMask.orElse(base.documentMask()),
        base.recompute());
  }

  private OptimizerSpec optimizer(OptimizerSpec base) {
    return new OptimizerSpec(
        learningRate.orElse(base.learningRate()),
        base.beta1(),
        base.beta2(),
        base.epsilon(),
        weightDecay.orElse(base.weightDecay()),
        base.maxGradientNorm(),
        base.maxSkipsInARow());
  }
}
