package dev.coppice.train.eval;

import com.fasterxml.jackson.databind.PropertyNamingStrategies;
import com.fasterxml.jackson.databind.annotation.JsonNaming;
import com.google.common.collect.ImmutableList;
import dev.coppice.moe.model.RouterHealth;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * Measurements of a model's routers on a text.
 *
 * @param experts of a layer
 * @param tokens that were routed
 * @param documentMask whether documents in a window did not see one another
 * @param layers each mixture layer, in order
 */
@JsonNaming(PropertyNamingStrategies.SnakeCaseStrategy.class)
public record RouterReport(
    int experts, long tokens, boolean documentMask, ImmutableList<Layer> layers) {

  /**
   * One mixture layer.
   *
   * @param load share of the tokens that each expert took; they sum to K
   * @param imbalance the busiest expert's load over the mean; 1 is perfect balance
   * @param deadExperts experts that took nothing
   * @param entropy mean entropy of a token's probabilities over its largest value: 0 certain, 1
   *     undecided
   * @param twinAgreement how often an expert and its copy go together, mean over pairs: tokens that
   *     took both over those that took either; null where nothing was grown in width
   */
  @JsonNaming(PropertyNamingStrategies.SnakeCaseStrategy.class)
  public record Layer(
      ImmutableList<Double> load,
      double imbalance,
      int deadExperts,
      double entropy,
      @Nullable Double twinAgreement) {}

  /** Makes a report of what was counted. */
  static RouterReport of(RouterHealth health, Optional<Twins> twins, boolean documentMask) {
    ImmutableList.Builder<Layer> layers = ImmutableList.builder();
    for (int layer = 0; layer < health.layers(); layer++) {
      layers.add(layer(health, layer, twins));
    }
    return new RouterReport(health.experts(), health.tokens(), documentMask, layers.build());
  }

  private static Layer layer(RouterHealth health, int layer, Optional<Twins> twins) {
    ImmutableList.Builder<Double> load = ImmutableList.builder();
    double sum = 0;
    double most = 0;
    for (int expert = 0; expert < health.experts(); expert++) {
      double share = health.load(layer, expert);
      load.add(share);
      sum += share;
      most = Math.max(most, share);
    }
    return new Layer(
        load.build(),
        most * health.experts() / sum,
        health.deadExperts(layer),
        health.entropy(layer),
        twins.map(t -> agreement(health, layer, t)).orElse(null));
  }

  private static double agreement(RouterHealth health, int layer, Twins twins) {
    return twins.pairs(health.experts()).stream()
        .mapToDouble(pair -> health.agreement(layer, pair.original(), pair.copy()))
        .average()
        .orElse(0);
  }
}
