package dev.coppice.growth.width;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.DoubleNode;
import com.fasterxml.jackson.databind.node.IntNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import com.google.common.collect.ImmutableList;
import dev.coppice.growth.plan.ConfigCounts;
import dev.coppice.growth.plan.GrowthPlan;
import dev.coppice.moe.anatomy.ConfigPath;
import dev.coppice.moe.anatomy.ConfigView;
import dev.coppice.moe.anatomy.FamilyTraits;
import dev.coppice.moe.anatomy.RouterTraits.Groups;

/** The change of width growth to {@code config.json}: the router's recipe, under all names. */
final class ExpertConfig {
  private final DuplicateExperts operator;
  private final FamilyTraits traits;
  private final ConfigView old;
  private final ObjectNode root;

  private ExpertConfig(DuplicateExperts operator, GrowthPlan plan, ObjectNode config) {
    this.operator = operator;
    this.traits = plan.family().traits();
    this.old = plan.anatomy().config();
    this.root = ConfigView.root(config, traits);
  }

  /** The config of the widened model. */
  static ObjectNode grow(DuplicateExperts operator, GrowthPlan plan, RouterRecipe recipe) {
    ObjectNode config = plan.config();
    ExpertConfig experts = new ExpertConfig(operator, plan, config);
    experts.multiply(experts.traits.experts(), ConfigCounts.EXPERTS);
    if (recipe.scalesTopK()) {
      experts.multiply(experts.traits.topK(), ConfigCounts.TOP_K);
    }
    if (recipe.dividesScale()) {
      experts.divideScale();
    }
    recipe.groups().ifPresent(experts::multiply);
    if (plan.anatomy().identityExperts() > 0) {
      experts.multiply(ImmutableList.of(experts.traits.identityExperts()), ImmutableList.of());
    }
    return config;
  }

  private void multiply(ImmutableList<String> names, ImmutableList<String> others) {
    JsonNode absent = old.value(names);
    ConfigCounts.change(
        root,
        names,
        others,
        new ConfigCounts.Change(absent, count -> Math.multiplyExact(count, operator.factor())));
  }

  private void multiply(Groups groups) {
    for (String key : ImmutableList.of(groups.count(), groups.chosen())) {
      int count = old.count(key);
      ConfigPath.set(root, key, IntNode.valueOf(Math.multiplyExact(count, operator.factor())));
    }
  }

  private void divideScale() {
    double scale = old.value(traits.router().scale()).asDouble(1);
    ConfigPath.set(root, traits.router().scale(), DoubleNode.valueOf(scale / operator.factor()));
  }
}
