package dev.coppice.moe.kernel;

import com.google.common.base.Ascii;
import java.util.Arrays;
import java.util.Optional;

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
  static final String PROPERTY = "coppice.products";

  private static final String INTEL = "GenuineIntel";
  private static final String WIDE = "avx512f";

  /**
   * The choice for a processor.
   *
   * @param wanted what {@link #PROPERTY} asks for
   * @throws IllegalArgumentException where that is not one of them
   */
  public static Products of(Optional<String> wanted, Processor processor) {
    if (wanted.isPresent()) {
      return named(wanted.get());
    }
    boolean wide = processor.flags().contains(WIDE);
    return wide && !processor.vendor().equals(INTEL) ? ONEDNN : BLAS;
  }

  private static Products named(String name) {
    return Arrays.stream(values())
        .filter(each -> each.lowerCase().equals(name))
        .findFirst()
        .orElseThrow(
            () ->
                new IllegalArgumentException(
                    PROPERTY + " must be blas or onednn, but it is \"" + name + "\""));
  }

  /** This machine's. */
  public static Products here() {
    return of(Optional.ofNullable(System.getProperty(PROPERTY)), Processor.read());
  }

  /** The name of its kernels. */
  String resource() {
    return "product_" + lowerCase();
  }

  String lowerCase() {
    return Ascii.toLowerCase(name());
  }
}
