package dev.coppice.moe.backend;

import com.google.common.base.Splitter;
import com.google.common.collect.ImmutableMap;
import com.google.common.collect.ImmutableSet;
import dev.coppice.moe.kernel.Products;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;

/**
 * The first processor, as Linux describes it.
 *
 * @param vendor such as {@code GenuineIntel}; empty where it cannot be read
 * @param flags what it can do, such as {@code avx2}; empty where they cannot be read
 */
record Processor(String vendor, ImmutableSet<String> flags) {
  private static final Path FILE = Path.of("/proc/cpuinfo");
  private static final Splitter ENTRY = Splitter.on(':').trimResults().limit(2);
  private static final Splitter WORDS = Splitter.on(' ').omitEmptyStrings();

  /** This machine's. */
  static Processor read() {
    try (var lines = Files.lines(FILE)) {
      return of(lines.takeWhile(line -> !line.isBlank()).toList());
    } catch (IOException e) {
      return of(List.of());
    }
  }

  /**
   * What multiplies matrices here: on an AMD processor with 512-bit vectors, oneDNN.
   *
   * @param wanted what {@link Products#PROPERTY} asks for
   * @throws IllegalArgumentException where that names none
   */
  Products products(Optional<String> wanted) {
    boolean wide = flags.contains("avx512f") && !vendor.equals("GenuineIntel");
    return wanted.map(Products::named).orElse(wide ? Products.ONEDNN : Products.BLAS);
  }

  /** Of lines such as {@code vendor_id : GenuineIntel}. */
  static Processor of(List<String> lines) {
    ImmutableMap<String, String> entries =
        lines.stream()
            .map(ENTRY::splitToList)
            .filter(entry -> entry.size() == 2)
            .collect(
                ImmutableMap.toImmutableMap(
                    entry -> entry.get(0), entry -> entry.get(1), (first, second) -> first));
    return new Processor(
        entries.getOrDefault("vendor_id", ""),
        ImmutableSet.copyOf(WORDS.split(entries.getOrDefault("flags", ""))));
  }
}
