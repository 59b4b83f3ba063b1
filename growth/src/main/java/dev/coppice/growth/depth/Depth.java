package dev.coppice.growth.depth;

import static com.google.common.base.Preconditions.checkArgument;

import com.google.common.collect.ImmutableList;
import dev.coppice.growth.plan.GrowthPlan;
import dev.coppice.growth.plan.GrowthPlan.Effect;
import dev.coppice.growth.plan.Invariant;
import dev.coppice.growth.plan.PlannedTensor;
import dev.coppice.growth.plan.Refusal;
import dev.coppice.growth.plan.TensorRecipe;
import dev.coppice.moe.CoppiceException;
import dev.coppice.moe.ErrorKind;
import dev.coppice.moe.anatomy.Glob;
import dev.coppice.moe.anatomy.TensorSite;
import dev.coppice.moe.packing.Packing;
import dev.coppice.moe.safetensors.TensorSlot;
import java.util.Locale;
import java.util.stream.Stream;

/**
 * Shared steps of all depth operators: tensors and config follow a layer map.
 *
 * <p>A layer's tensors are copied whatever they are. Next-token-prediction layers are never copied;
 * where their index continues from the layer count, it moves.
 */
final class Depth {
  private final GrowthPlan plan;
  private final LayerMap map;
  private final boolean identity;

  private Depth(GrowthPlan plan, LayerMap map, boolean identity) {
    this.plan = plan;
    this.map = map;
    this.identity = identity;
  }

  /** Checks an operator's parameters. */
  static void check(String name, int factor, int keepFirst, int keepLast) {
    checkArgument(factor >= 2, "%s factor must be at least 2, got %s", name, factor);
    checkArgument(keepFirst >= 0, "%s keep-first must not be negative, got %s", name, keepFirst);
    checkArgument(keepLast >= 0, "%s keep-last must not be negative, got %s", name, keepLast);
  }

  /**
   * The plan with its layers placed by a map.
   *
   * @param plan what grows
   * @param map which source layer stands where
   * @param identity whether copies start as identities
   * @throws dev.coppice.moe.CoppiceException if the family cannot grow so
   */
  static GrowthPlan grow(GrowthPlan plan, LayerMap map, boolean identity) {
    Refusal.check(plan, "depth", "grow in depth");
    if (identity) {
      Refusal.check(plan, "identity", "start copied layers as identities");
    }
    return new Depth(plan, map, identity).grow();
  }

  private GrowthPlan grow() {
    ImmutableList<PlannedTensor> tensors =
        plan.tensors().values().stream()
            .flatMap(this::places)
            .collect(ImmutableList.toImmutableList());
    boolean keeps = identity && map.keepsOrder();
    return plan.with(
        LayerConfig.grow(plan, map),
        tensors,
        new Effect(keeps ? Invariant.IDENTITY : Invariant.NONE, notes(keeps)),
        plan.ancestry().deepened(map.sources(), map::isCopy, identity));
  }

  private ImmutableList<String> notes(boolean keeps) {
    ImmutableList.Builder<String> notes = ImmutableList.builder();
    notes.add(
        String.format(
            Locale.ROOT,
            "depth: %d layers become %d; %s",
            map.sourceLayers(),
            map.size(),
            keeps
                ? "copies start as identities, their output projections being zero"
                : "copies are bit for bit their layers"));
    int mtp = plan.anatomy().mtpLayerCount();
    if (mtp > 0) {
      notes.add(
          String.format(
              Locale.ROOT,
              "depth: %d next-token-prediction %s kept behind the layers, not copied",
              mtp,
              mtp == 1 ? "layer is" : "layers are"));
    }
    return notes.build();
  }

  private Stream<PlannedTensor> places(PlannedTensor tensor) {
    TensorSite site = tensor.site();
    return switch (site.region()) {
      case MODEL -> Stream.of(tensor);
      case MTP ->
          Stream.of(
              site.base() > 0
                  ? placed(tensor, site.withBase(map.size()), tensor.recipe())
                  : tensor);
      case LAYER ->
          map.places(site.layer()).stream()
              .map(layer -> placed(tensor, site.inLayer(layer), recipe(tensor, layer)));
    };
  }

  private TensorRecipe recipe(PlannedTensor tensor, int layer) {
    boolean output =
        identity
            && map.isCopy(layer)
            && Glob.matchesAny(plan.family().traits().zero(), tensor.site().name());
    if (!output) {
      return tensor.recipe();
    }
    return switch (plan.anatomy().packing().zeroing(tensor.slot())) {
      case ZERO -> new TensorRecipe.Zero();
      case KEEP -> tensor.recipe();
      case CANNOT -> throw cannotBeZero(tensor);
    };
  }

  private CoppiceException cannotBeZero(PlannedTensor tensor) {
    boolean plain = plan.anatomy().packing().role(tensor.slot()) == Packing.Role.PLAIN;
    return new CoppiceException(
        ErrorKind.INPUT_INVALID,
        String.format(
            Locale.ROOT,
            "copied layers cannot start as identities: no rule gives the form of zero in %s"
                + " '%s' (%s %s); grow without --identity",
            plain ? "an output projection with tensor" : "packed tensor",
            tensor.name(),
            tensor.slot().dtype(),
            tensor.slot().shape()));
  }

  private static PlannedTensor placed(PlannedTensor tensor, TensorSite site, TensorRecipe recipe) {
    TensorSlot slot = tensor.slot();
    return new PlannedTensor(
        new TensorSlot(site.fullName(), slot.dtype(), slot.shape()), site, recipe);
  }
}
