package dev.coppice.growth.width;

import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.coppice.growth.ConfigCounts;
import dev.coppice.growth.ConfigCounts.CountChange;
import dev.coppice.growth.GrowthPlan;
import dev.coppice.moe.CoppiceException;
import dev.coppice.moe.ExitCode;
import dev.coppice.moe.family.ConfigKeys;
import dev.coppice.moe.spec.LayerSpec;

/** What width growth does to {@code config.json}: expert count and top-k, under all names. */
final class ExpertConfig {
  private ExpertConfig() {}

  /** E of the plan's model. */
  static int experts(GrowthPlan plan) {
    return moe(plan).experts();
  }

  /** The config of the widened model. */
  static ObjectNode grow(GrowthPlan plan, int factor, DuplicateExperts.TopK topK) {
    LayerSpec.Moe moe = moe(plan);
    ConfigKeys keys = plan.family().keys();
    ObjectNode config = plan.config();
    CountChange experts = change(moe.experts(), factor);
    ConfigCounts.set(config, keys.experts(), ConfigCounts.EXPERTS, experts);
    if (topK == DuplicateExperts.TopK.SCALE) {
      ConfigCounts.set(config, keys.topK(), ConfigCounts.TOP_K, change(moe.topK(), factor));
    }
    return config;
  }

  private static CountChange change(int from, int factor) {
    return new CountChange(from, Math.multiplyExact(from, factor));
  }

  private static LayerSpec.Moe moe(GrowthPlan plan) {
    return plan.spec()
        .firstMoe()
        .orElseThrow(
            () ->
                new CoppiceException(
                    ExitCode.INPUT_INVALID,
                    "width growth needs a layer with experts, got dense layers only"));
  }
}
