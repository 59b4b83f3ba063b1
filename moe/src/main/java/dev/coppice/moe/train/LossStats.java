package dev.coppice.moe.train;

/**
 * Losses of one batch.
 *
 * @param crossEntropy mean over counted tokens, nats; 0 if none counts
 * @param loadBalance load-balancing loss over all mixture layers together; K at perfect balance
 * @param z mean square of the router logits' log-sum-exp
 * @param tokens counted tokens
 * @param load what each expert took
 * @param distillation mean KL(teacher ‖ student) over counted tokens at the temperature, nats; 0
 *     without a teacher
 */
public record LossStats(
    double crossEntropy,
    double loadBalance,
    double z,
    long tokens,
    ExpertLoad load,
    double distillation) {
  /** Losses without a teacher. */
  public LossStats(
      double crossEntropy, double loadBalance, double z, long tokens, ExpertLoad load) {
    this(crossEntropy, loadBalance, z, tokens, load, 0);
  }

  /** Losses alone. */
  public LossStats(double crossEntropy, double loadBalance, double z, long tokens) {
    this(crossEntropy, loadBalance, z, tokens, ExpertLoad.NONE);
  }
}
