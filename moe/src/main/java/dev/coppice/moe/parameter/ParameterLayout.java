package dev.coppice.moe.parameter;

import static com.google.common.base.Preconditions.checkArgument;

import com.google.common.base.Verify;
import com.google.common.collect.ImmutableList;
import com.google.common.collect.ImmutableMap;
import dev.coppice.moe.family.Family;
import dev.coppice.moe.family.TensorAddress;
import dev.coppice.moe.family.TensorRole;
import dev.coppice.moe.kernel.LayerParameter;
import dev.coppice.moe.spec.LayerSpec;
import dev.coppice.moe.spec.MoeSpec;

/**
 * Where each of a checkpoint's tensors lies in the model's parameters.
 *
 * <p>Parameters are what the kernels take (see model.py): query, key and value rows in one matrix,
 * gate and up rows of all experts in one array [E, 2F, D]; {@link LayerParameter} lists those of a
 * layer. The elements of a checkpoint's tensor are one contiguous run of one parameter, in another
 * order where a family lays out its experts so.
 */
public final class ParameterLayout {
  public static final int EMBEDDING = 0;
  public static final int FINAL_NORM = 1;
  public static final int HEAD = 2;
  public static final int FIRST_LAYER = 3;

  /** Parameters of a layer, in order. */
  public static final ImmutableList<LayerParameter> LAYER =
      ImmutableList.copyOf(LayerParameter.values());

  public static final int PER_LAYER = LAYER.size();

  private final MoeSpec spec;
  private final ImmutableList<Slot> slots;
  private final ImmutableMap<String, Piece> pieces;

  /**
   * One parameter.
   *
   * @param name what the DJL block calls it
   * @param kind how it is trained
   * @param shape extents; [0] where the model has no such parameter
   * @param routed whether it is of experts that tokens are routed to
   */
  public record Slot(
      String name, LayerParameter.Kind kind, ImmutableList<Long> shape, boolean routed) {
    public boolean exists() {
      return elements() > 0;
    }

    /** Whether weight decay applies. */
    public boolean matrix() {
      return kind == LayerParameter.Kind.MATRIX;
    }

    /** Whether it has a gradient and is the optimizer's. */
    public boolean trained() {
      return kind != LayerParameter.Kind.FIXED;
    }

    public long elements() {
      return shape.stream().reduce(1L, Math::multiplyExact);
    }
  }

  /**
   * One tensor of a checkpoint.
   *
   * @param role what it is
   * @param slot index of the parameter that holds it
   * @param offset its first element there
   * @param shape its extents in the file
   * @param order how the numbers of each expert lie in the file
   */
  public record Piece(
      TensorRole role, int slot, long offset, ImmutableList<Long> shape, ExpertOrder order) {
    public long elements() {
      return shape.stream().reduce(1L, Math::multiplyExact);
    }
  }

  /** The layout of a shape that no checkpoint has. */
  public ParameterLayout(MoeSpec spec) {
    this.spec = spec;
    this.slots = slots(spec);
    this.pieces = ImmutableMap.of();
  }

  public ParameterLayout(Family family, MoeSpec spec) {
    this.spec = spec;
    this.slots = slots(spec);
    Placement placement = new Placement(family, spec);
    ImmutableMap.Builder<String, Piece> all = ImmutableMap.builder();
    family
        .expectedTensors(spec)
        .forEach((name, shape) -> all.put(name, placement.piece(address(family, name), shape)));
    this.pieces = all.buildOrThrow();
  }

  public MoeSpec spec() {
    return spec;
  }

  /** All parameters in the kernels' order; a tied head's slot does not exist. */
  public ImmutableList<Slot> slots() {
    return slots;
  }

  /** All tensors of a checkpoint by name, in the order of the layers. */
  public ImmutableMap<String, Piece> pieces() {
    return pieces;
  }

  /** The tensor of that name. */
  Piece piece(String name) {
    Piece piece = pieces.get(name);
    checkArgument(piece != null, "tensor must be one of the model's, got '%s'", name);
    return piece;
  }

  private static TensorAddress address(Family family, String name) {
    return family
        .address(name)
        .orElseThrow(() -> new IllegalStateException("family must name its tensor '" + name + "'"));
  }

  private static ImmutableList<Slot> slots(MoeSpec spec) {
    ImmutableList<Long> table =
        ImmutableList.of((long) spec.vocabularySize(), (long) spec.hiddenSize());
    ImmutableList.Builder<Slot> slots = ImmutableList.builder();
    slots.add(new Slot("embedding", LayerParameter.Kind.MATRIX, table, false));
    slots.add(
        new Slot(
            "finalNorm",
            LayerParameter.Kind.VECTOR,
            ImmutableList.of((long) spec.hiddenSize()),
            false));
    slots.add(
        new Slot(
            "head",
            LayerParameter.Kind.MATRIX,
            spec.tiedHead() ? ImmutableList.of(0L) : table,
            false));
    for (int i = 0; i < spec.layerCount(); i++) {
      String prefix = "layer" + i + "_";
      for (LayerParameter slot : LAYER) {
        LayerSpec layer = spec.layers().get(i);
        boolean routed = layer.isMixture() && slot.ofExpert();
        slots.add(
            new Slot(prefix + slot.parameterName(), slot.kind(), slot.shape(spec, layer), routed));
      }
    }
    return slots.build();
  }

  /** Index of a layer's parameter. */
  public static int index(int layer, LayerParameter slot) {
    return FIRST_LAYER + PER_LAYER * layer + LAYER.indexOf(slot);
  }

  /** Checks that the pieces fill the parameters. */
  void verify() {
    long inPieces = pieces.values().stream().mapToLong(Piece::elements).sum();
    long inSlots = slots.stream().mapToLong(Slot::elements).sum();
    Verify.verify(
        inPieces == inSlots, "tensors must fill parameters, got %s of %s", inPieces, inSlots);
  }
}
