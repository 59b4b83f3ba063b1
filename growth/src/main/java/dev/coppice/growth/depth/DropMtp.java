package dev.coppice.growth.depth;

import com.fasterxml.jackson.databind.node.ObjectNode;
import com.google.common.collect.ImmutableList;
import dev.coppice.growth.plan.DepthOperator;
import dev.coppice.growth.plan.GrowthPlan;
import dev.coppice.growth.plan.GrowthPlan.Effect;
import dev.coppice.growth.plan.Invariant;
import dev.coppice.growth.plan.PlannedTensor;
import dev.coppice.growth.plan.Refusal;
import dev.coppice.moe.anatomy.MtpLayers;
import dev.coppice.moe.anatomy.TensorSite.Region;
import java.util.Locale;

/**
 * Leaves out next-token-prediction layers, and sets their number in the config to zero; per-layer
 * lists lose the entries that were theirs. Where no tensor is there the config alone is mended.
 *
 * <p><b>Invariant</b>: {@link Invariant#IDENTITY}: they take no part in the model's own logits.
 */
public record DropMtp() implements DepthOperator {
  @Override
  public GrowthPlan apply(GrowthPlan plan) {
    int layers = plan.anatomy().mtpLayerCount();
    ImmutableList<PlannedTensor> kept =
        plan.tensors().values().stream()
            .filter(tensor -> tensor.site().region() != Region.MTP)
            .collect(ImmutableList.toImmutableList());
    ObjectNode config = MtpLayers.dropped(plan.config(), plan.family().traits());
    int dropped = plan.tensors().size() - kept.size();
    if (dropped == 0 && config.equals(plan.config())) {
      throw Refusal.of(plan, "drop next-token-prediction layers", "this checkpoint has none");
    }
    String note =
        dropped == 0
            ? "next-token prediction: no tensor is there; config.json says so now"
            : String.format(
                Locale.ROOT,
                "next-token prediction: %d tensors of %d layers are left out",
                dropped,
                layers);
    return plan.with(config, kept, new Effect(Invariant.IDENTITY, ImmutableList.of(note)));
  }
}
