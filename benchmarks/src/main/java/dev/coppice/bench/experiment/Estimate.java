package dev.coppice.bench.experiment;

import dev.coppice.bench.experiment.Budgets.Pace;
import dev.coppice.train.budget.Budget;
import dev.coppice.train.budget.BudgetMeter;
import dev.coppice.train.budget.Spent;
import dev.coppice.train.budget.StepCost;
import java.math.BigInteger;

/**
 * How long the phases of an experiment should take.
 *
 * @param base speed of the base's shape
 * @param grown speed of the grown shape
 * @param judgedSteps held-out tokens of a model's evaluation, in steps
 */
record Estimate(Pace base, Pace grown, double judgedSteps) {
  /** A forward pass is a third of a step; the rest is reading and loading. */
  private static final double FORWARD_SHARE = 0.4;

  private static final double OVERHEAD_SECONDS = 3;

  /** Share of the time that is planned with: a machine is seldom as fast as in a short probe. */
  private static final double CARE = 0.95;

  /** Largest share of the time for evaluation; above it, evaluation reads less text. */
  private static final double JUDGING_SHARE = 0.4;

  private static final int FEWEST_WINDOWS = 16;

  /** Where nothing was measured only the ratio of phases matters, which FLOPs give. */
  private static final double NOMINAL_FLOPS_PER_SECOND = 5e10;

  /**
   * Measures both shapes.
   *
   * @param spec the recipe
   * @param seconds to measure each for
   */
  static Estimate measured(ExperimentSpec spec, double seconds) {
    TrainingRecipe training = spec.training();
    return new Estimate(
        SpeedProbe.measure(spec.base().spec(training.sequence()), training, seconds),
        SpeedProbe.measure(spec.grownShape().spec(training.sequence()), training, seconds),
        judgedSteps(spec));
  }

  /** Goes by FLOPs alone. */
  static Estimate nominal(ExperimentSpec spec) {
    return new Estimate(
        nominal(spec, spec.base()), nominal(spec, spec.grownShape()), judgedSteps(spec));
  }

  private static Pace nominal(ExperimentSpec spec, BaseShape shape) {
    TrainingRecipe training = spec.training();
    StepCost cost =
        StepCost.of(shape.spec(training.sequence()), training.batch(), training.sequence());
    return new Pace(cost, cost.flops().doubleValue() / NOMINAL_FLOPS_PER_SECOND);
  }

  private static double judgedSteps(ExperimentSpec spec) {
    return (double) spec.judging().tokens() / spec.training().tokensPerStep();
  }

  double judgingBase() {
    return FORWARD_SHARE * judgedSteps * base.secondsPerStep();
  }

  double judgingGrown() {
    return FORWARD_SHARE * judgedSteps * grown.secondsPerStep();
  }

  double trainingBase(BigInteger flops) {
    return base.seconds(flops);
  }

  double trainingGrown(BigInteger flops) {
    return grown.seconds(flops);
  }

  private double besidesTraining() {
    return 2 * judgingBase() + 2 * judgingGrown() + OVERHEAD_SECONDS;
  }

  /** The whole experiment. */
  double total(Budgets budgets) {
    return trainingBase(budgets.baseFlops())
        + trainingBase(budgets.extraFlops())
        + 2 * trainingGrown(budgets.extraFlops())
        + besidesTraining();
  }

  /**
   * An experiment that evaluates on less text where evaluation would take more than its share of
   * the time; never on less than a few windows.
   *
   * @param spec the recipe
   * @param seconds that there are
   */
  ExperimentSpec fitted(ExperimentSpec spec, double seconds) {
    double each = (besidesTraining() - OVERHEAD_SECONDS) / spec.judging().tokens();
    double training = Budgets.leastSeconds(spec.baseShare(), base, grown) / CARE;
    double most = Math.min(JUDGING_SHARE * seconds, seconds - OVERHEAD_SECONDS - training);
    long affordable = (long) (most / each);
    long tokens = Math.max(fewestJudged(spec), affordable);
    return tokens < spec.judging().tokens()
        ? spec.withJudging(spec.judging().withTokens(tokens))
        : spec;
  }

  private static long fewestJudged(ExperimentSpec spec) {
    long fewest = (long) FEWEST_WINDOWS * spec.training().sequence();
    return Math.min(fewest, spec.judging().tokens());
  }

  /** The same speeds, for a recipe with another evaluation. */
  Estimate judging(ExperimentSpec spec) {
    return new Estimate(base, grown, judgedSteps(spec));
  }

  /**
   * The least time that holds a step of each model and an evaluation on the least text.
   *
   * @param spec the recipe
   */
  double leastSeconds(ExperimentSpec spec) {
    double besides =
        judging(spec.withJudging(spec.judging().withTokens(fewestJudged(spec)))).besidesTraining();
    return besides + Budgets.leastSeconds(spec.baseShare(), base, grown) / CARE;
  }

  /** Budgets that fill the time that is left. */
  Budgets filling(double seconds, double baseShare) {
    return Budgets.filling(CARE * (seconds - besidesTraining()), baseShare, base, grown);
  }

  /**
   * The budgets, with an extra budget that fills the time that is left when the base is trained and
   * evaluated, at the speed that its training has shown: a machine's load changes.
   *
   * @param planned before
   * @param baseSeconds that the base's training took
   * @param seconds that are left
   */
  Budgets refilling(Budgets planned, double baseSeconds, double seconds) {
    double factor = baseSeconds / trainingBase(planned.baseFlops());
    double judging = factor * (judgingBase() + 2 * judgingGrown());
    double left = CARE * (seconds - judging - OVERHEAD_SECONDS / 2);
    return planned.refilling(left, base.slowed(factor), grown.slowed(factor));
  }

  /**
   * Refuses budgets that do not hold a step of each model that is to spend them.
   *
   * @throws dev.coppice.moe.CoppiceException naming budget and step
   */
  void check(Budgets budgets) {
    new BudgetMeter(new Budget.Flops(budgets.baseFlops()), base.cost(), Spent.NOTHING);
    new BudgetMeter(new Budget.Flops(budgets.extraFlops()), grown.cost(), Spent.NOTHING);
  }
}
