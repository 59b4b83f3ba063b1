package dev.coppice.growth.depth;

import com.fasterxml.jackson.databind.node.IntNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import com.google.common.collect.ImmutableList;
import dev.coppice.growth.DepthOperator;
import dev.coppice.growth.GrowthPlan;
import dev.coppice.growth.GrowthPlan.Effect;
import dev.coppice.growth.Invariant;
import dev.coppice.growth.PlannedTensor;
import dev.coppice.growth.Refusal;
import dev.coppice.moe.anatomy.ConfigPath;
import dev.coppice.moe.anatomy.ConfigView;
import dev.coppice.moe.anatomy.TensorSite.Region;

/**
 * Leaves out next-token-prediction layers, and sets their number in the config to zero.
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
    if (kept.size() == plan.tensors().size()) {
      throw Refusal.of(plan, "drop next-token-prediction layers", "this checkpoint has none");
    }
    ObjectNode config = plan.config();
    ObjectNode root = ConfigView.root(config, plan.family().traits());
    plan.family().traits().mtp().stream()
        .flatMap(mtp -> mtp.count().stream())
        .filter(key -> !ConfigPath.get(root, key).isMissingNode())
        .forEach(key -> ConfigPath.set(root, key, IntNode.valueOf(0)));
    String note =
        "next-token prediction: "
            + (plan.tensors().size() - kept.size())
            + " tensors of "
            + layers
            + " layers are left out";
    return plan.with(config, kept, new Effect(Invariant.IDENTITY, ImmutableList.of(note)));
  }
}
