package dev.coppice.moe.kernel;

import ai.djl.ndarray.NDArray;
import dev.coppice.moe.kernel.KernelLibrary.Inputs;

/**
 * What a teacher says of a batch, and how much it counts.
 *
 * @param residual of the teacher [T, D of the teacher], from {@link KernelLibrary#residual}
 * @param teacher what that was computed with
 * @param strength how much it counts
 */
public record Lesson(NDArray residual, Inputs teacher, Strength strength) {
  /**
   * How much a teacher counts.
   *
   * @param temperature what both models' logits are divided by, positive
   * @param weight of temperature² times the divergence beside cross-entropy's 1
   * @param top how many of the teacher's likeliest tokens count; 0 for all
   */
  public record Strength(double temperature, double weight, int top) {}

  /** The argument {@code lesson} of kernels.py. */
  double[] numbers() {
    return new double[] {
      strength.temperature(),
      strength.weight(),
      teacher.call().spec().multipliers().logits(),
      teacher.call().spec().normEpsilon()
    };
  }

  /** The argument {@code means} of kernels.py. */
  long[] means() {
    return new long[] {strength.top(), teacher.call().dtype()};
  }
}
