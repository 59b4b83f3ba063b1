package dev.coppice.moe.model;

import static com.google.common.base.Preconditions.checkArgument;

import com.google.common.base.Verify;
import com.google.common.collect.ImmutableList;
import com.google.common.collect.ImmutableMap;
import com.google.common.primitives.Longs;
import dev.coppice.moe.family.Family;
import dev.coppice.moe.family.TensorAddress;
import dev.coppice.moe.family.TensorRole;
import dev.coppice.moe.spec.AttentionSpec;
import dev.coppice.moe.spec.LayerSpec;
import dev.coppice.moe.spec.MoeSpec;

/**
 * Where each of a checkpoint's tensors lies in the model's parameters.
 *
 * <p>Parameters are what the kernels take (see model.py): query, key and value rows in one matrix,
 * gate and up rows of all experts in one array [E, 2F, D]. Every tensor of a checkpoint is one
 * contiguous run of elements in one parameter.
 */
final class ParameterLayout {
  static final int EMBEDDING = 0;
  static final int FINAL_NORM = 1;
  static final int HEAD = 2;
  static final int FIRST_LAYER = 3;
  static final int PER_LAYER = 9;

  private static final int QKV = 1;
  private static final int EXPERTS = 7;

  private final MoeSpec spec;
  private final ImmutableList<Slot> slots;
  private final ImmutableMap<String, Piece> pieces;

  /**
   * One parameter.
   *
   * @param name what the DJL block calls it
   * @param shape extents; empty where the model has no such parameter
   */
  record Slot(String name, ImmutableList<Long> shape) {
    boolean exists() {
      return elements() > 0;
    }

    boolean matrix() {
      return shape.size() > 1;
    }

    long elements() {
      return shape.stream().reduce(1L, Math::multiplyExact);
    }
  }

  /**
   * One tensor of a checkpoint.
   *
   * @param role what it is
   * @param slot index of the parameter that holds it
   * @param offset its first element there
   * @param shape its extents
   */
  record Piece(TensorRole role, int slot, long offset, ImmutableList<Long> shape) {
    long elements() {
      return shape.stream().reduce(1L, Math::multiplyExact);
    }
  }

  ParameterLayout(Family family, MoeSpec spec) {
    this.spec = spec;
    this.slots = slots(spec);
    ImmutableMap.Builder<String, Piece> all = ImmutableMap.builder();
    family
        .expectedTensors(spec)
        .forEach((name, shape) -> all.put(name, piece(address(family, name), shape)));
    this.pieces = all.buildOrThrow();
  }

  /** All parameters in the kernels' order; a tied head's slot does not exist. */
  ImmutableList<Slot> slots() {
    return slots;
  }

  /** All tensors of a checkpoint by name, in the order of the layers. */
  ImmutableMap<String, Piece> pieces() {
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
        .orElseThrow(() -> new IllegalStateException("family must know its tensor '" + name + "'"));
  }

  private static ImmutableList<Slot> slots(MoeSpec spec) {
    long hidden = spec.hiddenSize();
    long vocabulary = spec.vocabularySize();
    ImmutableList.Builder<Slot> slots = ImmutableList.builder();
    slots.add(slot("embedding", vocabulary, hidden));
    slots.add(slot("finalNorm", hidden));
    slots.add(spec.tiedHead() ? slot("head", 0) : slot("head", vocabulary, hidden));
    for (int i = 0; i < spec.layerCount(); i++) {
      addLayer(slots, spec, i);
    }
    return slots.build();
  }

  private static void addLayer(ImmutableList.Builder<Slot> slots, MoeSpec spec, int layer) {
    AttentionSpec attention = spec.attention();
    long hidden = spec.hiddenSize();
    long width = attention.headDim();
    long query = attention.heads() * width;
    long headNorm = attention.headNorm() ? width : 0;
    String prefix = "layer" + layer + "_";
    slots.add(slot(prefix + "inputNorm", hidden));
    slots.add(
        slot(prefix + "queryKeyValue", query + 2L * attention.keyValueHeads() * width, hidden));
    slots.add(slot(prefix + "queryNorm", headNorm));
    slots.add(slot(prefix + "keyNorm", headNorm));
    slots.add(slot(prefix + "output", hidden, query));
    slots.add(slot(prefix + "postAttentionNorm", hidden));
    if (spec.layers().get(layer) instanceof LayerSpec.Moe moe) {
      long inner = moe.expertWidth();
      slots.add(slot(prefix + "router", moe.experts(), hidden));
      slots.add(slot(prefix + "gateUp", moe.experts(), 2 * inner, hidden));
      slots.add(slot(prefix + "down", moe.experts(), hidden, inner));
    } else {
      long inner = ((LayerSpec.Dense) spec.layers().get(layer)).width();
      slots.add(slot(prefix + "router", 0));
      slots.add(slot(prefix + "gateUp", 1, 2 * inner, hidden));
      slots.add(slot(prefix + "down", 1, hidden, inner));
    }
  }

  private static Slot slot(String name, long... shape) {
    return new Slot(name, ImmutableList.copyOf(Longs.asList(shape)));
  }

  private Piece piece(TensorAddress address, ImmutableList<Long> shape) {
    int base = FIRST_LAYER + PER_LAYER * address.layer().orElse(0);
    int expert = address.expert().orElse(0);
    long size = shape.stream().reduce(1L, Math::multiplyExact);
    long query = (long) spec.attention().heads() * spec.attention().headDim() * spec.hiddenSize();
    TensorRole role = address.role();
    return switch (role) {
      case EMBEDDING -> new Piece(role, EMBEDDING, 0, shape);
      case FINAL_NORM -> new Piece(role, FINAL_NORM, 0, shape);
      case HEAD -> new Piece(role, HEAD, 0, shape);
      case INPUT_NORM -> new Piece(role, base, 0, shape);
      case QUERY -> new Piece(role, base + QKV, 0, shape);
      case KEY -> new Piece(role, base + QKV, query, shape);
      case VALUE -> new Piece(role, base + QKV, query + size, shape);
      case QUERY_NORM -> new Piece(role, base + 2, 0, shape);
      case KEY_NORM -> new Piece(role, base + 3, 0, shape);
      case OUTPUT -> new Piece(role, base + 4, 0, shape);
      case POST_ATTENTION_NORM -> new Piece(role, base + 5, 0, shape);
      case ROUTER -> new Piece(role, base + 6, 0, shape);
      case EXPERT_GATE, DENSE_GATE -> new Piece(role, base + EXPERTS, 2L * expert * size, shape);
      case EXPERT_UP, DENSE_UP -> new Piece(role, base + EXPERTS, (2L * expert + 1) * size, shape);
      case EXPERT_DOWN, DENSE_DOWN -> new Piece(role, base + EXPERTS + 1, expert * size, shape);
      case ROUTER_BIAS, SELECTION_BIAS ->
          throw new IllegalArgumentException("role must be one that the kernels run, got " + role);
    };
  }

  /** Checks that the pieces fill the parameters. */
  void verify() {
    long inPieces = pieces.values().stream().mapToLong(Piece::elements).sum();
    long inSlots = slots.stream().mapToLong(Slot::elements).sum();
    Verify.verify(
        inPieces == inSlots, "tensors must fill parameters, got %s of %s", inPieces, inSlots);
  }
}
