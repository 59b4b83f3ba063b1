package dev.coppice.growth.plan;

import com.google.common.collect.ImmutableList;
import dev.coppice.moe.anatomy.Form;
import dev.coppice.moe.anatomy.Part;
import dev.coppice.moe.anatomy.TensorSite.PartSite;
import dev.coppice.moe.safetensors.TensorSlot;

/** How one expert's matrices, each [out, in], lie in its run of a tensor, whatever the layout. */
public final class ExpertWeave {
  private ExpertWeave() {}

  /**
   * The weave of one expert.
   *
   * @param slot the tensor
   * @param part gate, up, gate and up, or down; and the form that it lies in
   * @param experts experts in it, where it holds all of a layer
   * @throws IllegalArgumentException if the tensor holds no matrices of experts
   */
  public static Weave of(TensorSlot slot, PartSite part, int experts) {
    ImmutableList<Long> shape = slot.shape();
    boolean down = part.part() == Part.DOWN;
    return switch (part.form()) {
      case SINGLE -> single(slot, part.part() == Part.GATE_UP ? 2 : 1);
      case ROWS_GATE_UP -> new Weave(shape.get(1) / 2, shape.get(2), 2, Weave.Order.PLAIN);
      case COLUMNS_GATE_UP -> new Weave(shape.get(2) / 2, shape.get(1), 2, Weave.Order.TRANSPOSED);
      case COLUMNS_ALTERNATING ->
          new Weave(shape.get(2) / 2, shape.get(1), 2, Weave.Order.TRANSPOSED_ALTERNATING);
      case MODEL_EXPERT, EXPERT_MODEL ->
          matrix(shape.get(1), shape.get(2), (part.form() == Form.MODEL_EXPERT) == down);
      case FLAT -> matrix(shape.get(0) / experts, shape.get(1), !down);
      case LEADING -> throw new IllegalArgumentException("form must be a matrix's, got " + part);
    };
  }

  private static Weave single(TensorSlot slot, int strands) {
    long rows = slot.shape().get(0);
    return new Weave(rows / strands, slot.elementCount() / rows, strands, Weave.Order.PLAIN);
  }

  /** A matrix that lies as its first and second extent say, or transposed. */
  private static Weave matrix(long first, long second, boolean plain) {
    return plain ? Weave.plain(first, second) : new Weave(second, first, 1, Weave.Order.TRANSPOSED);
  }
}
