package dev.coppice.moe.backend;

import static com.google.common.base.Preconditions.checkArgument;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import com.google.common.math.Quantiles;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Supplier;
import java.util.function.UnaryOperator;

/**
 * How fast this machine multiplies square matrices as the kernels do, on all threads of an
 * operator, in floating-point operations a second; a multiplication and an addition count as two.
 */
public final class MachinePeak {
  private static final int SIZE = 1024;

  private MachinePeak() {}

  /**
   * The best of products of matrices of 1024 that follow each other for a while.
   *
   * @param backend that multiplies
   * @param time to take, but for a product more and its warm-up
   * @param bfloat16 whether the matrices are in bfloat16, or else in float32
   */
  public static double best(Backend backend, Duration time, boolean bfloat16) {
    try (NDManager manager = backend.newManager()) {
      KernelLibrary kernels = backend.kernels();
      NDArray matrix = manager.ones(new Shape(SIZE, SIZE));
      kernels.square(matrix, bfloat16).close();
      double best = 0;
      long end = System.nanoTime() + time.toNanos();
      do {
        best = Math.max(best, rate(SIZE, () -> kernels.square(matrix, bfloat16)));
      } while (System.nanoTime() < end);
      return best;
    }
  }

  /**
   * The median of some products.
   *
   * @param backend that multiplies
   * @param size rows and columns of a matrix
   * @param products to multiply, after one more to warm up; positive
   * @param bfloat16 whether the matrices are in bfloat16, or else in float32
   */
  public static double median(Backend backend, int size, int products, boolean bfloat16) {
    KernelLibrary kernels = backend.kernels();
    return median(backend, size, products, matrix -> kernels.square(matrix, bfloat16));
  }

  /**
   * The same in float32 by the engine's own operator, whatever the kernels use.
   *
   * @param backend that multiplies
   * @param size rows and columns of a matrix
   * @param products to multiply, after one more to warm up; positive
   */
  public static double engineMedian(Backend backend, int size, int products) {
    return median(backend, size, products, matrix -> matrix.matMul(matrix));
  }

  private static double median(
      Backend backend, int size, int products, UnaryOperator<NDArray> square) {
    checkArgument(size > 0, "rows and columns must be positive, got %s", size);
    checkArgument(products > 0, "products must be positive, got %s", products);
    try (NDManager manager = backend.newManager()) {
      NDArray matrix = manager.randomNormal(new Shape(size, size));
      square.apply(matrix).close();
      List<Double> rates = new ArrayList<>();
      for (int i = 0; i < products; i++) {
        rates.add(rate(size, () -> square.apply(matrix)));
      }
      return Quantiles.median().compute(rates);
    }
  }

  private static double rate(int size, Supplier<NDArray> square) {
    long start = System.nanoTime();
    square.get().close();
    return 2.0 * size * size * size / (1e-9 * Math.max(1, System.nanoTime() - start));
  }
}
