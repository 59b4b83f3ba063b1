package dev.coppice.moe.backend;

import com.google.common.base.Ascii;
import com.google.common.collect.ImmutableSet;
import java.util.Optional;

/**
 * Which of its builds of an operator the engine runs.
 *
 * <p><b>Source</b>: {@code aten/src/ATen/native/DispatchStub.cpp} of libtorch 2.7. <b>Differs</b>
 * in that a processor whose flags cannot be read is named by its architecture alone.
 */
final class InstructionSet {
  /** Overrides the choice. */
  static final String VARIABLE = "ATEN_CPU_CAPABILITY";

  private static final ImmutableSet<String> X86 = ImmutableSet.of("amd64", "x86_64");
  private static final ImmutableSet<String> CHOICES = ImmutableSet.of("default", "avx2", "avx512");
  private static final ImmutableSet<String> AVX512 =
      ImmutableSet.of("avx512vl", "avx512bw", "avx512dq", "fma");
  private static final ImmutableSet<String> AVX2 = ImmutableSet.of("avx2", "fma");

  private InstructionSet() {}

  /**
   * The choice.
   *
   * @param wanted what the environment asks for; the engine passes over words that it does not know
   * @param architecture of the processor
   * @param flags of the processor, empty where they cannot be read
   */
  static String of(Optional<String> wanted, String architecture, ImmutableSet<String> flags) {
    if (!X86.contains(architecture)) {
      return Ascii.toUpperCase(architecture);
    }
    if (wanted.isPresent() && CHOICES.contains(wanted.get())) {
      return Ascii.toUpperCase(wanted.get());
    }
    if (flags.containsAll(AVX512)) {
      return "AVX512";
    }
    if (flags.containsAll(AVX2)) {
      return "AVX2";
    }
    return flags.isEmpty() ? "X86_64" : "DEFAULT";
  }
}
