package dev.coppice.moe.backend;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.google.common.collect.ImmutableSet;
import dev.coppice.moe.kernel.Processor;
import dev.coppice.moe.kernel.Products;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class ProductsTest {
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
    assertThat(Products.of(Optional.empty(), processor)).isEqualTo(chosen);
  }

  @ParameterizedTest
  @CsvSource({"blas, BLAS", "onednn, ONEDNN"})
  void canBeAskedFor(String wanted, Products chosen) {
    assertThat(Products.of(Optional.of(wanted), Processor.read())).isEqualTo(chosen);
  }

  @Test
  void ofAnotherNameAreRefused() {
    assertThatThrownBy(() -> Products.of(Optional.of("mkl"), Processor.read()))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessage("coppice.products must be blas or onednn, but it is \"mkl\"");
  }

  @ParameterizedTest
  @CsvSource({"BLAS, false", "ONEDNN, false", "BLAS, true", "ONEDNN, true"})
  void multiply(Products products, boolean bfloat16) {
    try (var manager = TorchRuntime.newManager();
        var square = KernelLibrary.load(products).square(manager.eye(128).mul(3), bfloat16)) {
      assertThat(square.getFloat()).isEqualTo(9);
    }
  }
}
