package dev.coppice.train.store;

import com.fasterxml.jackson.databind.PropertyNamingStrategies;
import com.fasterxml.jackson.databind.annotation.JsonNaming;
import dev.coppice.moe.CoppiceVersion;
import dev.coppice.moe.backend.Backend;
import dev.coppice.moe.kernel.KernelVersion;
import java.util.ArrayList;
import java.util.List;

/**
 * Everything that decides the rounding of sums: only where all of it is the same are resumed runs
 * the same to the bit.
 *
 * @param coppiceVersion of the program
 * @param kernels version of the kernels, such as {@code 1-blas}
 * @param instructionSet that the engine uses, such as {@code AVX512}
 * @param device where arrays lie
 * @param threads that train
 */
@JsonNaming(PropertyNamingStrategies.SnakeCaseStrategy.class)
public record Environment(
    String coppiceVersion, String kernels, String instructionSet, String device, int threads) {

  /** That of this process, where all its threads train. */
  public static Environment here() {
    Backend backend = Backend.forThisMachine();
    Backend.Facts facts = backend.facts();
    return new Environment(
        CoppiceVersion.current(),
        facts.kernels(),
        facts.instructionSet(),
        backend.name(),
        facts.threads());
  }

  /** The same with another number of threads. */
  public Environment withThreads(int count) {
    return new Environment(coppiceVersion, kernels, instructionSet, device, count);
  }

  /** The differences from another one, in words; empty if nothing does. */
  public List<String> differencesFrom(Environment other) {
    List<String> differences = new ArrayList<>();
    differ(differences, "coppice version", coppiceVersion, other.coppiceVersion);
    if (!KernelVersion.canonical(kernels).equals(KernelVersion.canonical(other.kernels))) {
      differ(differences, "kernels", kernels, other.kernels);
    }
    differ(differences, "instruction set", instructionSet, other.instructionSet);
    differ(differences, "device", device, other.device);
    differ(differences, "threads", threads, other.threads);
    return differences;
  }

  private static void differ(List<String> all, String name, Object mine, Object other) {
    if (!mine.equals(other)) {
      all.add(name + " " + mine + " instead of " + other);
    }
  }
}
