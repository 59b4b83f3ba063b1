package dev.coppice.moe.testing;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/** Counts the files of a module's packages, {@code package-info.java} among them. */
public final class PackageSizes {
  private static final int LEAST = 5;
  private static final int MOST = 24;

  private PackageSizes() {}

  /**
   * Asserts that each package of the module under test has 5 to 24 files.
   *
   * @param others packages that have not, such as {@code dev.coppice.moe.report}; each must exist
   */
  public static void assertBounded(Set<String> others) throws IOException {
    Map<String, Long> outside = new TreeMap<>(files());
    outside.values().removeIf(files -> files >= LEAST && files <= MOST);
    assertThat(outside).containsOnlyKeys(others);
  }

  private static Map<String, Long> files() throws IOException {
    Path sources = Path.of(System.getProperty("basedir", "."), "src", "main", "java");
    try (Stream<Path> files = Files.walk(sources)) {
      return files
          .filter(file -> file.toString().endsWith(".java"))
          .map(file -> sources.relativize(file.getParent()).toString().replace('/', '.'))
          .collect(Collectors.groupingBy(name -> name, Collectors.counting()));
    }
  }
}
