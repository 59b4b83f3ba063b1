package dev.coppice.train.budget;

import static com.google.common.base.Preconditions.checkArgument;

import dev.coppice.moe.spec.MoeSpec;
import java.math.BigInteger;

/**
 * The cost of one optimizer step.
 *
 * <p>{@code flops} is 6·N_active·tokens. {@code flopsWithAttention} adds the attention scores and
 * their sums over the full square, 12·heads·headDim·S a layer and token. A teacher's forward pass
 * costs a third of its own such counts. Budgets pay the model's and the teacher's together;
 * recomputed activations are not counted.
 *
 * @param tokens inputs a step, those whose label is ignored included
 * @param flops 6·N_active·tokens
 * @param flopsWithAttention the same and attention
 * @param teacherFlops 2·N_active·tokens of the teacher, 0 without one
 * @param teacherFlopsWithAttention the same and attention
 */
public record StepCost(
    long tokens,
    BigInteger flops,
    BigInteger flopsWithAttention,
    BigInteger teacherFlops,
    BigInteger teacherFlopsWithAttention) {
  /** Checks that a step has tokens. */
  public StepCost {
    checkArgument(tokens > 0, "a step must have tokens, got %s", tokens);
  }

  /** Without a teacher. */
  public StepCost(long tokens, BigInteger flops, BigInteger flopsWithAttention) {
    this(tokens, flops, flopsWithAttention, BigInteger.ZERO, BigInteger.ZERO);
  }

  /**
   * The cost for a model.
   *
   * @param model its shape
   * @param batch sequences a step
   * @param sequence tokens a sequence, S
   */
  public static StepCost of(MoeSpec model, int batch, int sequence) {
    long tokens = Math.multiplyExact((long) batch, sequence);
    BigInteger flops = times(model.flopsPerToken(), tokens);
    return new StepCost(
        tokens, flops, flops.add(times(model.attentionFlopsPerToken(sequence), tokens)));
  }

  /**
   * This cost and a teacher's forward pass over the same tokens.
   *
   * @param teacher its shape
   * @param sequence tokens a sequence, S
   */
  public StepCost withTeacher(MoeSpec teacher, int sequence) {
    BigInteger forward = times(teacher.flopsPerToken() / 3, tokens);
    return new StepCost(
        tokens,
        flops,
        flopsWithAttention,
        forward,
        forward.add(times(teacher.attentionFlopsPerToken(sequence) / 3, tokens)));
  }

  private static BigInteger times(long each, long tokens) {
    return BigInteger.valueOf(each).multiply(BigInteger.valueOf(tokens));
  }

  /** FLOPs that count against the budget. */
  public BigInteger totalFlops() {
    return flops.add(teacherFlops);
  }

  /** FLOPs with attention that count against the budget. */
  public BigInteger totalFlopsWithAttention() {
    return flopsWithAttention.add(teacherFlopsWithAttention);
  }
}
