package dev.coppice.moe.kernel;

import com.google.common.base.Ascii;
import java.util.Arrays;

/**
 * The library of float32 matrix products.
 *
 * <p>The engine's BLAS is MKL, which keeps its 512-bit code to Intel's processors: on an AMD EPYC
 * with AVX-512 a product takes 2.2 to 2.4 times as long as by oneDNN. On a Xeon MKL is faster, or
 * level. Either gives the same bits at every run, but not the other's.
 */
public enum Products {
  /** The engine's BLAS. */
  BLAS,
  /** oneDNN, for all but small products. */
  ONEDNN;

  /** The property that overrides the choice. */
  public static final String PROPERTY = "coppice.products";

  /**
   * The choice that {@link #PROPERTY} asks for.
   *
   * @throws IllegalArgumentException where that is not one of them
   */
  public static Products named(String name) {
    return Arrays.stream(values())
        .filter(each -> each.lowerCase().equals(name))
        .findFirst()
        .orElseThrow(
            () ->
                new IllegalArgumentException(
                    PROPERTY + " must be blas or onednn, but it is \"" + name + "\""));
  }

  /** The name of its kernels. */
  String resource() {
    return "product_" + lowerCase();
  }

  String lowerCase() {
    return Ascii.toLowerCase(name());
  }
}
