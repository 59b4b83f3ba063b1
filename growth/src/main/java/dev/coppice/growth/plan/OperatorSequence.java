package dev.coppice.growth.plan;

import static com.google.common.base.Preconditions.checkArgument;

import com.google.common.collect.ImmutableList;

/**
 * Operators one after another.
 *
 * @param operators at least one, none of them a sequence
 */
public record OperatorSequence(ImmutableList<GrowthOperator> operators) implements GrowthOperator {
  /** Checks that there is an operator and no sequence inside. */
  public OperatorSequence {
    checkArgument(!operators.isEmpty(), "a growth must have an operator, got none");
    checkArgument(
        operators.stream().noneMatch(OperatorSequence.class::isInstance),
        "a sequence must hold no sequence, got %s",
        operators);
  }

  /** The operators of the arguments, in order. */
  static OperatorSequence of(GrowthOperator first, GrowthOperator next) {
    return new OperatorSequence(
        ImmutableList.<GrowthOperator>builder().addAll(parts(first)).addAll(parts(next)).build());
  }

  /** The single operators that a growth is made of, in order. */
  public static ImmutableList<GrowthOperator> parts(GrowthOperator operator) {
    return operator instanceof OperatorSequence sequence
        ? sequence.operators()
        : ImmutableList.of(operator);
  }

  @Override
  public GrowthPlan apply(GrowthPlan plan) {
    GrowthPlan grown = plan;
    for (GrowthOperator operator : operators) {
      grown = operator.apply(grown);
    }
    return grown;
  }
}
