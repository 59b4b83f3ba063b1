package dev.coppice.moe.train;

import static com.google.common.base.Preconditions.checkArgument;

import ai.djl.ndarray.NDManager;
import dev.coppice.moe.backend.KernelLibrary;
import dev.coppice.moe.backend.TensorList;
import dev.coppice.moe.model.LanguageModel;
import dev.coppice.moe.parameter.Parameters;

/** An exponential moving average of a model's weights. */
final class WeightAverage implements AutoCloseable {
  private final Parameters arrays;
  private final TensorList all;
  private final TensorList weights;
  private double decay;

  /** An average that has seen the weights as they are, and nothing else. */
  WeightAverage(NDManager manager, LanguageModel model, double decay) {
    this.arrays = model.parameters().zerosLike(manager);
    this.all = arrays.all();
    this.weights = model.parameters().all();
    this.decay = decay;
    try (NDManager scratch = manager.newSubManager()) {
      arrays.copy(model.kernels(), scratch, model.parameters());
    }
  }

  static void check(double decay) {
    checkArgument(
        decay >= 0 && decay < 1, "decay of the average must lie in [0, 1), got %s", decay);
  }

  void decay(double wanted) {
    decay = wanted;
  }

  Parameters arrays() {
    return arrays;
  }

  /** Moves the average towards the weights. */
  void follow(KernelLibrary kernels, NDManager scratch) {
    kernels.approach(scratch, all, weights, 1 - decay);
  }

  @Override
  public void close() {
    weights.close();
    all.close();
    arrays.close();
  }
}
