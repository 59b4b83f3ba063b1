package dev.coppice.growth.moment;

import com.google.common.collect.ImmutableList;
import com.google.common.collect.ImmutableMap;
import com.google.common.collect.ImmutableSortedMap;
import dev.coppice.growth.plan.Ancestry.LayerOrigin;
import dev.coppice.growth.plan.Ancestry.Start;
import dev.coppice.growth.plan.GrowthPlan;
import dev.coppice.growth.plan.PlannedTensor;
import dev.coppice.growth.plan.Refusal;
import dev.coppice.growth.plan.TensorRecipe;
import dev.coppice.growth.plan.TensorRecipe.Part;
import dev.coppice.growth.plan.TensorRecipe.Scale;
import dev.coppice.growth.plan.TensorRecipe.Zero;
import dev.coppice.moe.anatomy.TensorSite;
import dev.coppice.moe.checkpoint.OptimizerState;
import dev.coppice.moe.checkpoint.OptimizerState.Moment;
import dev.coppice.moe.safetensors.TensorSlot;
import java.util.function.IntPredicate;
import java.util.stream.IntStream;

/**
 * The plan of the optimizer's state: for every moment of a grown weight a recipe, derived from the
 * weight's own.
 *
 * <p>Noise is stripped, numbers drawn anew become zeros, and a weight that was multiplied by c has
 * its gradient divided by c, since the loss does not see the factor. What is then left says where
 * moments come from; {@link MomentRule} says what is done to those of copies.
 *
 * @param rule what is done to moments
 * @param steps steps that they have seen
 * @param tensors all moments by name
 */
public record MomentPlan(
    MomentRule rule, long steps, ImmutableSortedMap<String, PlannedTensor> tensors) {

  /**
   * The moments of a plan's weights.
   *
   * @throws dev.coppice.moe.CoppiceException if the rule needs gradients that are unknown
   */
  public static MomentPlan of(GrowthPlan plan, MomentRule rule, long steps) {
    if (rule == MomentRule.SCALE && !plan.ancestry().even()) {
      throw Refusal.of(
          plan,
          "scale the optimizer's state",
          "with top-k kept each token goes to one of an expert's copies, so a copy's share"
              + " of the gradient is unknown: copy or reset it");
    }
    ImmutableSortedMap.Builder<String, PlannedTensor> moments = ImmutableSortedMap.naturalOrder();
    for (PlannedTensor weight : plan.tensors().values()) {
      if (TrainingState.isTrained(weight.slot(), weight.site())) {
        for (Moment moment : Moment.values()) {
          PlannedTensor planned = new Derivation(plan, rule, moment).of(weight);
          moments.put(planned.name(), planned);
        }
      }
    }
    return new MomentPlan(rule, steps, moments.buildOrThrow());
  }

  /** The output's tensors as slots, in the order of their names. */
  public ImmutableList<TensorSlot> slots() {
    return tensors.values().stream()
        .map(PlannedTensor::slot)
        .collect(ImmutableList.toImmutableList());
  }

  /** The metadata of the output, as training writes it. */
  public ImmutableMap<String, String> metadata() {
    return OptimizerState.metadata(steps);
  }

  /** Bytes of all moments. */
  public long byteSize() {
    return tensors.values().stream().mapToLong(tensor -> tensor.slot().byteSize()).sum();
  }

  /**
   * One of the two moments.
   *
   * @param plan the weights
   * @param rule what is done to moments
   * @param moment which
   */
  private record Derivation(GrowthPlan plan, MomentRule rule, Moment moment) {
    PlannedTensor of(PlannedTensor weight) {
      return new PlannedTensor(
          moment.of(weight.slot()),
          weight.site(),
          recipe(weight, weight.recipe().accept(new Inherited(moment))));
    }

    private TensorRecipe recipe(PlannedTensor weight, TensorRecipe inherited) {
      TensorSite site = weight.site();
      if (inherited.isZero() || !site.inLayer()) {
        return inherited;
      }
      LayerOrigin layer = plan.ancestry().layers().get(site.layer());
      return switch (rule) {
        case COPY -> inherited;
        case RESET -> layer.isNew() ? new Zero() : originals(weight, inherited, layer);
        case SCALE -> layer.start() == Start.IDENTITY ? new Zero() : shares(weight, inherited);
      };
    }

    /** The moments of experts and router, which copies share evenly. */
    private TensorRecipe shares(PlannedTensor weight, TensorRecipe inherited) {
      int copies = plan.ancestry().copies();
      return weight.site().part().isEmpty() || copies == 1
          ? inherited
          : new Scale(inherited, Math.pow(copies, -moment.order()));
    }

    private TensorRecipe originals(
        PlannedTensor weight, TensorRecipe inherited, LayerOrigin layer) {
      TensorSite site = weight.site();
      if (site.part().isEmpty()) {
        return inherited;
      }
      if (site.expert().isPresent()) {
        boolean fresh = layer.experts().get(site.expert().getAsInt()).isNew();
        return fresh ? new Zero() : inherited;
      }
      // one block an expert; blocks of experts without weights stand behind the others
      int experts = layer.experts().size();
      int blocks =
          experts + (site.part().get().part().ofExperts() ? 0 : plan.anatomy().identityExperts());
      int rest = (blocks - experts) / plan.ancestry().copies();
      IntPredicate fresh =
          block -> block < experts ? layer.experts().get(block).isNew() : block - experts >= rest;
      return IntStream.range(0, blocks).anyMatch(fresh)
          ? runs(weight, inherited, blocks, fresh)
          : inherited;
    }

    /** Runs of originals as they are, runs of copies as zeros. */
    private static TensorRecipe runs(
        PlannedTensor weight, TensorRecipe inherited, int blocks, IntPredicate fresh) {
      long elements = weight.slot().elementCount() / blocks;
      ImmutableList.Builder<Part> parts = ImmutableList.builder();
      for (int begin = 0; begin < blocks; ) {
        int end = begin + 1;
        while (end < blocks && fresh.test(end) == fresh.test(begin)) {
          end++;
        }
        long count = (end - begin) * elements;
        TensorRecipe run =
            fresh.test(begin) ? new Zero() : inherited.slice(begin * elements, count);
        parts.add(new Part(run, count));
        begin = end;
      }
      return Inherited.concat(parts.build());
    }
  }
}
