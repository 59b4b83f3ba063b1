package dev.coppice.moe.backend;

import ai.djl.ndarray.NDArray;
import dev.coppice.moe.backend.KernelLibrary.Inputs;

/**
 * A teacher's output for a batch, and how much it counts.
 *
 * @param residual of the teacher [T, D of the teacher], from {@link KernelLibrary#residual}
 * @param inputs of the teacher's kernels
 * @param strength how much it counts
 */
public record TeacherOutput(NDArray residual, Inputs inputs, Strength strength) {
  /**
   * How much a teacher counts.
   *
   * @param temperature what both models' logits are divided by, positive
   * @param weight of temperature² times the divergence beside cross-entropy's 1
   * @param top how many of the teacher's likeliest tokens count; 0 for all
   */
  public record Strength(double temperature, double weight, int top) {}
}
