package dev.coppice.moe.anatomy;

import com.google.common.collect.ImmutableMap;
import dev.coppice.moe.safetensors.TensorSlot;

/** How the experts of a layer lie in one tensor. E experts, D model width, F expert width. */
public enum Form {
  /** One tensor an expert. */
  SINGLE,
  /** [E,2F,D]: gate rows, then up rows. */
  ROWS_GATE_UP,
  /** [E,D,2F]: gate columns, then up columns. */
  COLUMNS_GATE_UP,
  /** [E,D,2F]: gate and up columns alternate. */
  COLUMNS_ALTERNATING,
  /** [E,D,F]. */
  MODEL_EXPERT,
  /** [E,F,D]. */
  EXPERT_MODEL,
  /** [E·F,D]. */
  FLAT,
  /** Anything with E as first extent. */
  LEADING;

  private static final ImmutableMap<String, Form> BY_NAME =
      ImmutableMap.of(
          "", SINGLE,
          "E,GU,H", ROWS_GATE_UP,
          "E,H,GU", COLUMNS_GATE_UP,
          "E,H,G|U", COLUMNS_ALTERNATING,
          "E,H,F", MODEL_EXPERT,
          "E,F,H", EXPERT_MODEL,
          "EF,H", FLAT,
          "E,...", LEADING);

  /**
   * The form of that name in a family's file.
   *
   * @throws IllegalArgumentException if there is none
   */
  public static Form named(String name) {
    Form form = BY_NAME.get(name);
    if (form == null) {
      throw new IllegalArgumentException(
          "form must be one of " + BY_NAME.keySet() + ", got '" + name + "'");
    }
    return form;
  }

  /** Whether a tensor of so many experts and that model width can lie so. */
  boolean fits(TensorSlot slot, int experts, long hidden) {
    int rank = slot.shape().size();
    if (this == SINGLE) {
      return true;
    }
    if (this == FLAT) {
      return rank == 2 && slot.shape().get(0) % experts == 0 && slot.shape().get(1) == hidden;
    }
    if (rank == 0 || slot.shape().get(0) != experts) {
      return false;
    }
    return switch (this) {
      case ROWS_GATE_UP ->
          rank == 3 && slot.shape().get(2) == hidden && slot.shape().get(1) % 2 == 0;
      case COLUMNS_GATE_UP, COLUMNS_ALTERNATING ->
          rank == 3 && slot.shape().get(1) == hidden && slot.shape().get(2) % 2 == 0;
      case MODEL_EXPERT -> rank == 3 && slot.shape().get(1) == hidden;
      case EXPERT_MODEL -> rank == 3 && slot.shape().get(2) == hidden;
      default -> true;
    };
  }
}
