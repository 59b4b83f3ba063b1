package dev.coppice.moe.kernel;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import java.time.Duration;

/** How fast this machine multiplies matrices. */
public final class MachinePeak {
  private static final int SIZE = 1024;

  private MachinePeak() {}

  /**
   * The best of float32 products of square matrices of 1024 that follow each other for a while, on
   * all threads of an operator.
   *
   * @param time to take, but for a product more and its warm-up
   * @return floating-point operations a second, a multiplication and an addition counted as two
   */
  public static double flopsPerSecond(Duration time) {
    try (NDManager manager = TorchRuntime.newManager()) {
      NDArray x = manager.ones(new Shape(SIZE, SIZE));
      x.matMul(x).close();
      long best = Long.MAX_VALUE;
      long end = System.nanoTime() + time.toNanos();
      do {
        long start = System.nanoTime();
        x.matMul(x).close();
        best = Math.min(best, System.nanoTime() - start);
      } while (System.nanoTime() < end);
      return 2.0 * SIZE * SIZE * SIZE / (1e-9 * Math.max(1, best));
    }
  }
}
