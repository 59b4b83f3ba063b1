package dev.coppice.moe.kernel;

import com.google.common.collect.ImmutableMap;

/**
 * Which kernels these are: those of another version may round otherwise.
 *
 * <p>The version is a number, and the product that this machine multiplies with. The number rises
 * where a change of the kernels' text changes a bit of a result; names and comments do not.
 * Versions before the first number were the SHA-256 of the text; the last of these computes the
 * same bits as number 1.
 */
public final class KernelVersion {
  private static final int NUMBER = 1;

  /** Versions that were a SHA-256 of the text, and what they are called now. */
  private static final ImmutableMap<String, String> HASHED =
      ImmutableMap.of(
          "fa2e16a367b27c835673ab4b0d3bb0d512c4e6b3b7031d8d62a85915a800b24f", "1-blas",
          "7709d8b3f7bf75c1dff7543d2203bdf95300158618dd1e9ec51ab098fd3189ac", "1-onednn");

  private KernelVersion() {}

  /** That of the kernels with a kind of products, such as {@code 1-blas}. */
  public static String of(Products products) {
    return NUMBER + "-" + products.lowerCase();
  }

  /**
   * The present name of a version.
   *
   * @param recorded a version of any time
   * @return the same where it has no other name
   */
  public static String canonical(String recorded) {
    return HASHED.getOrDefault(recorded, recorded);
  }

  /** Whether a version is of the time before numbers. */
  public static boolean hashed(String recorded) {
    return HASHED.containsKey(recorded);
  }
}
