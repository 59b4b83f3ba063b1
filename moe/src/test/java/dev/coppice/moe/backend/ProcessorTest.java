package dev.coppice.moe.backend;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import org.junit.jupiter.api.Test;

class ProcessorTest {
  @Test
  void isReadFromLines() {
    Processor processor =
        Processor.of(
            List.of(
                "processor\t: 0",
                "vendor_id\t: AuthenticAMD",
                "model name\t: AMD EPYC: a name with a colon",
                "flags\t\t: fpu  avx2 avx512f",
                "power management:"));
    assertThat(processor.vendor()).isEqualTo("AuthenticAMD");
    assertThat(processor.flags()).containsExactly("fpu", "avx2", "avx512f");
  }

  @Test
  void mayTellNothing() {
    assertThat(Processor.of(List.of()).vendor()).isEmpty();
    assertThat(Processor.of(List.of("CPU part : 0xd0c", "no entry")).flags()).isEmpty();
  }

  @Test
  void ofThisMachineHasFlags() {
    assertThat(Processor.read().vendor()).isNotEmpty();
    assertThat(Processor.read().flags()).contains("fpu");
  }
}
