package dev.coppice.bench.experiment;

import com.fasterxml.jackson.databind.PropertyNamingStrategies;
import com.fasterxml.jackson.databind.annotation.JsonNaming;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;

/**
 * Where an experiment ran. Numbers repeat bit for bit only where all of this is the same.
 *
 * @param system operating system and architecture
 * @param processor its name, where the system gives one
 * @param processors that the program may use
 * @param java version of the runtime
 */
@JsonNaming(PropertyNamingStrategies.SnakeCaseStrategy.class)
public record Machine(String system, String processor, int processors, String java) {
  private static final Path CPU_INFO = Path.of("/proc/cpuinfo");

  /** This machine. */
  public static Machine here() {
    String system = System.getProperty("os.name") + " " + System.getProperty("os.arch");
    int processors = Runtime.getRuntime().availableProcessors();
    return new Machine(system, processorName(), processors, Runtime.version().toString());
  }

  private static String processorName() {
    if (!Files.isReadable(CPU_INFO)) {
      return "unknown";
    }
    try {
      return Files.readAllLines(CPU_INFO, StandardCharsets.ISO_8859_1).stream()
          .filter(line -> line.startsWith("model name"))
          .map(line -> line.substring(line.indexOf(':') + 1).strip())
          .findFirst()
          .orElse("unknown");
    } catch (IOException e) {
      return "unknown";
    }
  }
}
