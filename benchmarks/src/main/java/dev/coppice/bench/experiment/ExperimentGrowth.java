package dev.coppice.bench.experiment;

import static com.google.common.base.Preconditions.checkArgument;

import com.fasterxml.jackson.databind.PropertyNamingStrategies;
import com.fasterxml.jackson.databind.annotation.JsonNaming;
import dev.coppice.growth.depth.Interpose;
import dev.coppice.growth.depth.Stack;
import dev.coppice.growth.plan.GrowthOperator;
import dev.coppice.growth.width.DuplicateExperts;
import java.util.ArrayList;
import java.util.List;

/**
 * How the base grows, in one pass: depth first, then width.
 *
 * @param depth times each layer is placed; 1 leaves the depth alone
 * @param depthMethod where the copies stand
 * @param width experts, and chosen experts, for each old one; 1 leaves the width alone
 * @param noise α of the copies' noise
 */
@JsonNaming(PropertyNamingStrategies.SnakeCaseStrategy.class)
public record ExperimentGrowth(int depth, DepthMethod depthMethod, int width, double noise) {
  /** Where copied layers stand. */
  public enum DepthMethod {
    /** Each behind its original. */
    INTERPOSE,
    /** All behind the whole. */
    STACK
  }

  /** Checks that there is a growth. */
  public ExperimentGrowth {
    checkArgument(depth >= 1, "growth depth must be at least 1, got %s", depth);
    checkArgument(width >= 1, "growth width must be at least 1, got %s", width);
    checkArgument(
        depth > 1 || width > 1, "a growth must grow depth or width, got %s and %s", depth, width);
    checkArgument(
        noise >= 0 && Double.isFinite(noise), "growth noise must be at least 0, got %s", noise);
  }

  /**
   * The shape that a base grows to.
   *
   * @param base shape before
   */
  BaseShape grown(BaseShape base) {
    return new BaseShape(
        base.hiddenSize(),
        base.layers() * depth,
        base.heads(),
        base.keyValueHeads(),
        base.headDim(),
        base.experts() * width,
        base.topK() * width,
        base.expertWidth());
  }

  /** The operators, as one growth. */
  GrowthOperator operator() {
    List<GrowthOperator> operators = new ArrayList<>();
    if (depth > 1) {
      operators.add(depthMethod == DepthMethod.STACK ? Stack.times(depth) : Interpose.times(depth));
    }
    if (width > 1) {
      operators.add(DuplicateExperts.times(width, noise));
    }
    return operators.stream().reduce(GrowthOperator::then).orElseThrow();
  }
}
