package dev.coppice.moe.backend;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.google.common.collect.ImmutableSet;
import dev.coppice.moe.kernel.Products;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class ProductsTest {
  private static final CpuBackend BACKEND = CpuBackend.open();

  @ParameterizedTest
  @CsvSource({
    "GenuineIntel, avx2 avx512f, BLAS",
    "AuthenticAMD, avx2 avx512f, ONEDNN",
    "HygonGenuine, avx2 avx512f, ONEDNN",
    "AuthenticAMD, avx2, BLAS",
    "'', '', BLAS",
  })
  void ofAProcessorAreThoseThatUseItsWidestVectors(String vendor, String flags, Products chosen) {
    Processor processor = new Processor(vendor, ImmutableSet.copyOf(flags.split(" ")));
    assertThat(processor.products(Optional.empty())).isEqualTo(chosen);
  }

  @ParameterizedTest
  @CsvSource({"blas, BLAS", "onednn, ONEDNN"})
  void canBeAskedFor(String wanted, Products chosen) {
    assertThat(Processor.read().products(Optional.of(wanted))).isEqualTo(chosen);
  }

  @Test
  void ofAnotherNameAreRefused() {
    assertThatThrownBy(() -> Processor.read().products(Optional.of("mkl")))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessage("coppice.products must be blas or onednn, but it is \"mkl\"");
  }

  @ParameterizedTest
  @CsvSource({"BLAS, false", "ONEDNN, false", "BLAS, true", "ONEDNN, true"})
  void multiply(Products products, boolean bfloat16) {
    try (var manager = BACKEND.newManager();
        var square = BACKEND.kernels(products).square(manager.eye(128).mul(3), bfloat16)) {
      assertThat(square.getFloat()).isEqualTo(9);
    }
  }
}
