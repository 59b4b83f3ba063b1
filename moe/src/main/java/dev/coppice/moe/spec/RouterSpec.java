package dev.coppice.moe.spec;

import static com.google.common.base.Preconditions.checkArgument;

/**
 * How a router's logits become expert weights.
 *
 * <p>Scores follow from the logits; with groups, experts outside the best groups are out; the K
 * largest scores are chosen; their weights may be divided by their sum and are multiplied by a
 * factor.
 *
 * @param scoring how a logit becomes a score
 * @param renormalize whether the K chosen weights are divided by their sum
 * @param bias whether the logits have a bias [E]
 * @param selectionBias whether scores have a bias [E] that chooses and does not weigh
 * @param groups equal runs of experts, of which some are chosen first; 1 for none
 * @param topGroups groups that are chosen
 * @param groupScore what makes a group good
 * @param scalingFactor factor on the weights in the end
 */
public record RouterSpec(
    Scoring scoring,
    boolean renormalize,
    boolean bias,
    boolean selectionBias,
    int groups,
    int topGroups,
    GroupScore groupScore,
    double scalingFactor) {

  /** How a logit becomes a score. */
  public enum Scoring {
    /** Softmax over all experts. */
    SOFTMAX,
    /** The logit chooses; weights are the softmax over the chosen. */
    CHOSEN_SOFTMAX,
    /** Sigmoid, each expert by itself. */
    SIGMOID
  }

  /** The score of a group. */
  public enum GroupScore {
    /** Its largest score. */
    MAX,
    /** The sum of its two largest. */
    TOP_TWO_SUM
  }

  /** Checks that groups and factor can be. */
  public RouterSpec {
    checkArgument(groups > 0, "router groups must be positive, got %s", groups);
    checkArgument(
        topGroups > 0 && topGroups <= groups,
        "chosen groups must lie in 1..%s (the groups), got %s",
        groups,
        topGroups);
    checkArgument(
        scalingFactor > 0 && Double.isFinite(scalingFactor),
        "router scaling factor must be positive and finite, got %s",
        scalingFactor);
    checkArgument(
        scoring != Scoring.CHOSEN_SOFTMAX || (!selectionBias && groups == 1),
        "a softmax over the chosen must have neither groups nor a selection bias, got %s groups",
        groups);
  }

  /**
   * Softmax over all experts and the K largest, without biases, groups or factor.
   *
   * @param renormalize whether the K chosen probabilities are divided by their sum
   */
  public RouterSpec(boolean renormalize) {
    this(Scoring.SOFTMAX, renormalize, false, false, 1, 1, GroupScore.MAX, 1);
  }
}
