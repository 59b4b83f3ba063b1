package dev.coppice.growth.width;

import com.google.common.collect.ImmutableList;
import dev.coppice.growth.plan.GrowthPlan;
import dev.coppice.growth.plan.NoiseKey;
import dev.coppice.growth.plan.PlannedTensor;
import dev.coppice.growth.plan.Refusal;
import dev.coppice.growth.plan.Scope;
import dev.coppice.growth.plan.Strand;
import dev.coppice.growth.plan.TensorRecipe;
import dev.coppice.growth.plan.TensorRecipe.Concat;
import dev.coppice.growth.plan.Weave;
import dev.coppice.growth.width.DuplicateExperts.Placement;
import dev.coppice.growth.width.DuplicateExperts.RouterStart;
import dev.coppice.moe.anatomy.Part;
import dev.coppice.moe.family.TensorRole;
import dev.coppice.moe.safetensors.TensorSlot;

/**
 * The growth of a router, its bias and its selection bias: one row an expert, in the order of the
 * experts. Rows of experts without weights stand behind the others, and are repeated there.
 */
final class RouterRows {

  /** Standard deviation of random routers, as in the paper's baseline. */
  private static final double RANDOM_ROUTER_STD = 0.02;

  private final DuplicateExperts operator;
  private final GrowthPlan plan;
  private final RouterRecipe recipe;

  RouterRows(DuplicateExperts operator, GrowthPlan plan, RouterRecipe recipe) {
    this.operator = operator;
    this.plan = plan;
    this.recipe = recipe;
  }

  /** The widened tensor. */
  PlannedTensor widen(PlannedTensor tensor) {
    TensorSlot slot = tensor.slot();
    // a selection bias may be [1,E]
    int axis = tensor.site().is(Part.ROUTER) ? 0 : slot.shape().size() - 1;
    ImmutableList<Long> shape = Experts.widened(slot.shape(), axis, operator.factor());
    return new PlannedTensor(
        new TensorSlot(slot.name(), slot.dtype(), shape), tensor.site(), new Rows(tensor).recipe());
  }

  /** One router, or one bias, and what its rows become. */
  private final class Rows {
    private final PlannedTensor tensor;
    private final TensorRecipe input;
    private final int experts;
    private final long width;
    private final long elements;
    private final NoisedPart part;
    private final TensorRole role;

    Rows(PlannedTensor tensor) {
      this.tensor = tensor;
      this.input =
          recipe.divides(tensor.site())
              ? new TensorRecipe.Scale(tensor.recipe(), 1.0 / operator.factor())
              : tensor.recipe();
      this.experts = Experts.of(plan, tensor);
      this.elements = tensor.slot().elementCount();
      this.width = elements / (experts + plan.anatomy().identityExperts());
      Part site = tensor.site().part().orElseThrow().part();
      this.part =
          switch (site) {
            case ROUTER -> NoisedPart.ROUTER;
            case ROUTER_BIAS -> NoisedPart.ROUTER_BIAS;
            default -> NoisedPart.SELECTION_BIAS;
          };
      this.role =
          switch (part) {
            case ROUTER -> TensorRole.ROUTER;
            case ROUTER_BIAS -> TensorRole.ROUTER_BIAS;
            default -> TensorRole.SELECTION_BIAS;
          };
    }

    TensorRecipe recipe() {
      if (operator.router() == RouterStart.RANDOM) {
        return random();
      }
      if (operator.noise(part) > 0) {
        requireFloat("noise on the router");
      }
      ImmutableList.Builder<TensorRecipe.Part> parts = ImmutableList.builder();
      if (operator.placement() == Placement.APPEND) {
        append(parts);
      } else {
        interleave(parts);
      }
      long rest = elements - experts * width;
      for (int copy = 0; copy < operator.factor() && rest > 0; copy++) {
        parts.add(new TensorRecipe.Part(input.slice(experts * width, rest), rest));
      }
      return new Concat(parts.build());
    }

    /** The router drawn anew; a bias of a router that has learned nothing is zero. */
    private TensorRecipe random() {
      if (part != NoisedPart.ROUTER) {
        return new TensorRecipe.Zero();
      }
      requireFloat("a random router");
      long rows = operator.factor() * elements / width;
      return new TensorRecipe.Normal(
          RANDOM_ROUTER_STD,
          Weave.plain(rows, width),
          ImmutableList.of(new NoiseKey(0, TensorRole.ROUTER, 0)));
    }

    private void append(ImmutableList.Builder<TensorRecipe.Part> parts) {
      long run = experts * width;
      TensorRecipe original = run == elements ? input : input.slice(0, run);
      for (int copy = 0; copy < operator.factor(); copy++) {
        parts.add(new TensorRecipe.Part(rows(original, run, 0, copy), run));
      }
    }

    private void interleave(ImmutableList.Builder<TensorRecipe.Part> parts) {
      for (int expert = 0; expert < experts; expert++) {
        TensorRecipe row = input.slice(expert * width, width);
        for (int copy = 0; copy < operator.factor(); copy++) {
          parts.add(new TensorRecipe.Part(rows(row, width, expert, copy), width));
        }
      }
    }

    /** Rows from an expert's on; those of copies noised with the σ of the whole tensor. */
    private TensorRecipe rows(TensorRecipe rows, long count, int expert, int copy) {
      if (copy == 0) {
        return rows;
      }
      Scope whole = new Scope(input, Weave.plain(elements / width, width), 0);
      NoiseKey key = new NoiseKey(Experts.index(operator, experts, expert, copy), role, 0);
      return TensorRecipe.noise(
          rows,
          operator.noise(part),
          Weave.plain(count / width, width),
          ImmutableList.of(new Strand(whole, key)));
    }

    private void requireFloat(String what) {
      if (!Experts.isFloat(tensor)) {
        throw Refusal.of(
            plan,
            "have " + what,
            "that needs a tensor of dtype BF16, F16 or F32, got "
                + tensor.slot().dtype()
                + " ("
                + tensor.name()
                + ")");
      }
    }
  }
}
