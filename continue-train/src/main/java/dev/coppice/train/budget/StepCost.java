package dev.coppice.train.budget;

import static com.google.common.base.Preconditions.checkArgument;

import dev.coppice.moe.spec.MoeSpec;
import java.math.BigInteger;

/**
 * What one optimizer step costs.
 *
 * <p>{@code flops} is 6·N_active·tokens, which budgets and ledgers count. {@code
 * flopsWithAttention} adds the attention scores and their sums over the full square, 12·heads·
 * headDim·S a layer and token; it is told beside the other and limits nothing.
 *
 * @param tokens inputs a step, those whose label is ignored included
 * @param flops 6·N_active·tokens
 * @param flopsWithAttention the same and attention
 */
public record StepCost(long tokens, BigInteger flops, BigInteger flopsWithAttention) {
  /** Checks that a step has tokens. */
  public StepCost {
    checkArgument(tokens > 0, "a step must have tokens, got %s", tokens);
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
    BigInteger count = BigInteger.valueOf(tokens);
    BigInteger flops = BigInteger.valueOf(model.flopsPerToken()).multiply(count);
    BigInteger attention =
        BigInteger.valueOf(model.attentionFlopsPerToken(sequence)).multiply(count);
    return new StepCost(tokens, flops, flops.add(attention));
  }
}
