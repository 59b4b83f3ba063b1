package dev.coppice.moe.backend;

import static org.assertj.core.api.Assertions.assertThat;

import com.google.common.collect.ImmutableSet;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class InstructionSetTest {
  @ParameterizedTest
  @CsvSource({
    "amd64, '', fpu avx2 fma avx512vl avx512bw avx512dq, AVX512",
    "amd64, '', fpu avx2 fma avx512f avx512vl avx512bw, AVX2",
    "amd64, '', fpu avx2, DEFAULT",
    "amd64, avx2, fpu avx2 fma avx512vl avx512bw avx512dq, AVX2",
    "amd64, default, fpu avx2 fma, DEFAULT",
    "amd64, fastest, fpu avx2 fma, AVX2",
    "amd64, '', '', X86_64",
    "aarch64, avx2, fp asimd, AARCH64",
  })
  void choiceIsTheEngines(String architecture, String wanted, String flags, String expected) {
    Optional<String> variable = Optional.of(wanted).filter(text -> !text.isEmpty());
    ImmutableSet<String> set =
        flags.isEmpty() ? ImmutableSet.of() : ImmutableSet.copyOf(flags.split(" "));
    assertThat(InstructionSet.of(variable, architecture, set)).isEqualTo(expected);
  }

  @Test
  void machineIsNamed() {
    assertThat(Backend.forThisMachine().facts().instructionSet()).matches("[A-Z0-9_]+");
    assertThat(Backend.forThisMachine().name()).isEqualTo("cpu");
  }
}
