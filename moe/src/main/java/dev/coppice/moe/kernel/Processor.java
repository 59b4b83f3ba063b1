package dev.coppice.moe.kernel;

import com.google.common.base.Splitter;
import com.google.common.collect.ImmutableMap;
import com.google.common.collect.ImmutableSet;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;

/**
 * The first processor, as Linux describes it.
 *
 * @param vendor such as {@code GenuineIntel}; empty where it cannot be read
 * @param flags what it can do, such as {@code avx2}; empty where they cannot be read
 */
public record Processor(String vendor, ImmutableSet<String> flags) {
  private static final Path FILE = Path.of("/proc/cpuinfo");
  private static final Splitter ENTRY = Splitter.on(':').trimResults().limit(2);
  private static final Splitter WORDS = Splitter.on(' ').omitEmptyStrings();

  /** This machine's. */
  public static Processor read() {
    try (var lines = Files.lines(FILE)) {
      return of(lines.takeWhile(line -> !line.isBlank()).toList());
    } catch (IOException e) {
      return of(List.of());
    }
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
