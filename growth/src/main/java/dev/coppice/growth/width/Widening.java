package dev.coppice.growth.width;

import com.google.common.collect.ImmutableList;
import dev.coppice.growth.plan.GrowthPlan;
import dev.coppice.growth.plan.PlannedTensor;
import dev.coppice.growth.plan.Refusal;
import dev.coppice.growth.plan.TensorRecipe;
import dev.coppice.growth.plan.TensorRecipe.Concat;
import dev.coppice.growth.plan.TensorRecipe.ExpertIds;
import dev.coppice.growth.plan.TensorRecipe.Part;
import dev.coppice.growth.width.DuplicateExperts.Placement;
import dev.coppice.moe.anatomy.Form;
import dev.coppice.moe.anatomy.TensorSite;
import dev.coppice.moe.anatomy.TensorSite.PartSite;
import dev.coppice.moe.safetensors.TensorSlot;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.IntStream;
import java.util.stream.Stream;

/** One width growth of one model: what becomes of each tensor. */
final class Widening {
  private final DuplicateExperts operator;
  private final GrowthPlan plan;
  private final RouterRecipe recipe;
  private final ExpertStarts starts;
  private final RouterRows rows;

  /**
   * A widening.
   *
   * @param operator the growth
   * @param plan what is widened
   * @param recipe what becomes of the router
   */
  Widening(DuplicateExperts operator, GrowthPlan plan, RouterRecipe recipe) {
    this.operator = operator;
    this.plan = plan;
    this.recipe = recipe;
    this.starts = new ExpertStarts(operator, plan);
    this.rows = new RouterRows(operator, plan, recipe);
  }

  /**
   * The tensors that one tensor becomes.
   *
   * @throws dev.coppice.moe.CoppiceException if that would be a guess
   */
  Stream<PlannedTensor> widen(PlannedTensor tensor) {
    TensorSite site = tensor.site();
    if (site.part().isEmpty()) {
      if (plan.anatomy().isUnknown(site)) {
        throw Refusal.of(
            plan,
            "grow in width",
            "tensor '" + tensor.name() + "' has no known role beside its experts");
      }
      return Stream.of(tensor);
    }
    PartSite part = site.part().get();
    return switch (part.part()) {
      case ROUTER, ROUTER_BIAS, SELECTION_BIAS -> Stream.of(rows.widen(tensor));
      case EXPERT_IDS -> Stream.of(ids(tensor));
      case GATE, UP, GATE_UP, DOWN, EXPERT_BIAS, QUANTIZED ->
          part.form() == Form.SINGLE
              ? IntStream.range(0, operator.factor()).mapToObj(copy -> expert(tensor, copy))
              : Stream.of(fused(tensor));
    };
  }

  private int experts(PlannedTensor tensor) {
    return Experts.of(plan, tensor);
  }

  private PlannedTensor expert(PlannedTensor tensor, int copy) {
    int expert = tensor.site().expert().orElseThrow();
    if (expert >= experts(tensor)) {
      throw Refusal.of(
          plan,
          "grow in width",
          "tensor '" + tensor.name() + "' is of an expert that computes nothing, and has weights");
    }
    int index = Experts.index(operator, experts(tensor), expert, copy);
    TensorSite site = tensor.site().ofExpert(index);
    TensorSlot slot = tensor.slot();
    TensorRecipe grown = copy == 0 ? tensor.recipe() : starts.of(tensor, tensor.recipe(), index);
    return new PlannedTensor(
        new TensorSlot(site.fullName(), slot.dtype(), slot.shape()), site, grown);
  }

  /** All experts of a layer in one tensor. */
  private PlannedTensor fused(PlannedTensor tensor) {
    TensorSlot slot = tensor.slot();
    ImmutableList<Long> shape = Experts.widened(slot.shape(), 0, operator.factor());
    TensorRecipe grown =
        tensor.recipe().isZero()
            ? tensor.recipe()
            : operator.placement() == Placement.APPEND ? appended(tensor) : interleaved(tensor);
    return new PlannedTensor(
        new TensorSlot(slot.name(), slot.dtype(), shape), tensor.site(), grown);
  }

  private TensorRecipe appended(PlannedTensor tensor) {
    long elements = tensor.slot().elementCount();
    int experts = experts(tensor);
    List<Part> parts = new ArrayList<>();
    parts.add(new Part(tensor.recipe(), elements));
    for (int copy = 1; copy < operator.factor(); copy++) {
      if (starts.areCopies(tensor)) {
        parts.add(new Part(tensor.recipe(), elements));
      } else {
        for (int expert = 0; expert < experts; expert++) {
          parts.add(block(tensor, expert, copy));
        }
      }
    }
    return new Concat(ImmutableList.copyOf(parts));
  }

  private TensorRecipe interleaved(PlannedTensor tensor) {
    ImmutableList.Builder<Part> parts = ImmutableList.builder();
    for (int expert = 0; expert < experts(tensor); expert++) {
      for (int copy = 0; copy < operator.factor(); copy++) {
        parts.add(block(tensor, expert, copy));
      }
    }
    return new Concat(parts.build());
  }

  private Part block(PlannedTensor tensor, int expert, int copy) {
    int experts = experts(tensor);
    long elements = tensor.slot().elementCount() / experts;
    TensorRecipe original = tensor.recipe().slice(expert * elements, elements);
    int index = Experts.index(operator, experts, expert, copy);
    return new Part(copy == 0 ? original : starts.of(tensor, original, index), elements);
  }

  /** A table of experts for each token: with more of them chosen, each row names the copies too. */
  private PlannedTensor ids(PlannedTensor tensor) {
    boolean interleaved = operator.placement() == Placement.INTERLEAVE;
    if (!recipe.scalesTopK()) {
      if (interleaved) {
        throw Refusal.of(
            plan,
            "interleave experts and keep top-k",
            "tensor '" + tensor.name() + "' names experts by index: append them");
      }
      return tensor;
    }
    TensorSlot slot = tensor.slot();
    int columns = Math.toIntExact(slot.shape().get(1));
    TensorRecipe grown =
        new ExpertIds(tensor.recipe(), columns, operator.factor(), experts(tensor), interleaved);
    return new PlannedTensor(
        new TensorSlot(
            slot.name(), slot.dtype(), Experts.widened(slot.shape(), 1, operator.factor())),
        tensor.site(),
        grown);
  }
}
