package dev.coppice.growth.width;

import com.google.common.collect.ImmutableList;
import dev.coppice.growth.plan.ExpertWeave;
import dev.coppice.growth.plan.GrowthPlan;
import dev.coppice.growth.plan.NoiseKey;
import dev.coppice.growth.plan.PlannedTensor;
import dev.coppice.growth.plan.Refusal;
import dev.coppice.growth.plan.Scope;
import dev.coppice.growth.plan.Strand;
import dev.coppice.growth.plan.TensorRecipe;
import dev.coppice.growth.plan.Weave;
import dev.coppice.growth.width.DuplicateExperts.ExpertStart;
import dev.coppice.moe.CoppiceException;
import dev.coppice.moe.anatomy.Part;
import dev.coppice.moe.anatomy.TensorSite.PartSite;
import dev.coppice.moe.family.TensorRole;

/** What a new expert's numbers are, in whatever form they lie. */
final class ExpertStarts {
  private static final double USUAL_INITIALIZER_RANGE = 0.02;

  private final DuplicateExperts operator;
  private final GrowthPlan plan;
  private final double initializerRange;

  ExpertStarts(DuplicateExperts operator, GrowthPlan plan) {
    this.operator = operator;
    this.plan = plan;
    double range = plan.anatomy().config().value("initializer_range").asDouble();
    this.initializerRange = range > 0 ? range : USUAL_INITIALIZER_RANGE;
  }

  /** Whether new experts are bit for bit their originals in that tensor. */
  boolean areCopies(PlannedTensor tensor) {
    Part part = tensor.site().part().orElseThrow().part();
    return switch (part) {
      case GATE, UP, GATE_UP, DOWN -> operator.experts() == ExpertStart.COPY && noise(part) == 0;
      case QUANTIZED -> checkQuantized(tensor);
      default -> true;
    };
  }

  /**
   * The numbers of a new expert.
   *
   * @param tensor what holds them
   * @param original the numbers that it copies
   * @param index the new expert
   */
  TensorRecipe of(PlannedTensor tensor, TensorRecipe original, int index) {
    if (areCopies(tensor) || tensor.recipe().isZero()) {
      return original;
    }
    requireFloat(tensor);
    PartSite part = tensor.site().part().orElseThrow();
    Weave weave = ExpertWeave.of(tensor.slot(), part, Experts.of(plan, tensor));
    ImmutableList<NoiseKey> keys =
        projections(part.part()).stream()
            .map(projection -> new NoiseKey(index, projection, 0))
            .collect(ImmutableList.toImmutableList());
    if (operator.experts() == ExpertStart.RANDOM) {
      return new TensorRecipe.Normal(initializerRange, weave, keys);
    }
    ImmutableList.Builder<Strand> strands = ImmutableList.builder();
    for (int strand = 0; strand < keys.size(); strand++) {
      strands.add(new Strand(new Scope(original, weave, strand), keys.get(strand)));
    }
    return TensorRecipe.noise(original, noise(part.part()), weave, strands.build());
  }

  private double noise(Part part) {
    return switch (part) {
      case GATE -> operator.noise(NoisedPart.GATE);
      case UP -> operator.noise(NoisedPart.UP);
      case DOWN -> operator.noise(NoisedPart.DOWN);
      case GATE_UP -> gateUpNoise();
      default -> 0;
    };
  }

  private double gateUpNoise() {
    double gate = operator.noise(NoisedPart.GATE);
    if (gate != operator.noise(NoisedPart.UP)) {
      throw Refusal.of(
          plan,
          "noise gate and up projections apart",
          "this checkpoint stores them in one tensor: name both or neither");
    }
    return gate;
  }

  private static ImmutableList<TensorRole> projections(Part part) {
    return switch (part) {
      case GATE -> ImmutableList.of(TensorRole.EXPERT_GATE);
      case UP -> ImmutableList.of(TensorRole.EXPERT_UP);
      case DOWN -> ImmutableList.of(TensorRole.EXPERT_DOWN);
      case GATE_UP -> ImmutableList.of(TensorRole.EXPERT_GATE, TensorRole.EXPERT_UP);
      default -> throw new IllegalArgumentException("part must be a matrix, got " + part);
    };
  }

  /** Packed numbers can be copied, but not noised. */
  private boolean checkQuantized(PlannedTensor tensor) {
    boolean changed =
        operator.experts() == ExpertStart.RANDOM
            || noise(Part.GATE) + noise(Part.UP) + noise(Part.DOWN) > 0;
    if (changed) {
      throw refusal(
          "noise needs experts stored as BF16, F16 or F32, but these are packed: tensor '"
              + tensor.name()
              + "' belongs to their packed form, dtype "
              + tensor.slot().dtype());
    }
    return true;
  }

  private void requireFloat(PlannedTensor tensor) {
    if (!Experts.isFloat(tensor)) {
      throw refusal(
          "noise needs a tensor of dtype BF16, F16 or F32, got "
              + tensor.slot().dtype()
              + " ("
              + tensor.name()
              + ")");
    }
  }

  private CoppiceException refusal(String why) {
    return Refusal.of(
        plan,
        operator.experts() == ExpertStart.RANDOM ? "draw new experts" : "noise new experts",
        why + "; copies without noise (--noise 0) keep quantised numbers as they are");
  }
}
