package dev.coppice.moe.train;

import com.google.common.primitives.ImmutableDoubleArray;
import dev.coppice.moe.backend.PassSums;
import java.util.List;

/**
 * Results of a forward pass over a part of a batch, all threads' shares together.
 *
 * @param loss sum of the cross-entropies of counted tokens
 * @param load tokens that each expert took
 * @param probability sum of each expert's probability over tokens and mixture layers [E]
 * @param squaredLogSumExp sum of squares over tokens and mixture layers
 * @param divergence sum of the divergences from a teacher over counted tokens
 */
record PartSums(
    double loss,
    ExpertLoad load,
    ImmutableDoubleArray probability,
    double squaredLogSumExp,
    double divergence) {

  static PartSums of(int experts, List<PassSums> shares) {
    ExpertLoad load = ExpertLoad.NONE;
    double[] probability = new double[experts];
    for (PassSums sums : shares) {
      load = load.plus(new ExpertLoad(experts, sums.load()));
      for (int i = 0; i < experts; i++) {
        probability[i] += sums.probability().get(i);
      }
    }
    return new PartSums(
        shares.stream().mapToDouble(PassSums::loss).sum(),
        load,
        ImmutableDoubleArray.copyOf(probability),
        shares.stream().mapToDouble(PassSums::squaredLogSumExp).sum(),
        shares.stream().mapToDouble(PassSums::divergence).sum());
  }
}
