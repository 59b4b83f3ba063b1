package dev.coppice.moe.report;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.google.common.collect.ImmutableList;
import org.junit.jupiter.api.Test;

final class TableTest {

  @Test
  void badRowsAreRefused() {
    assertThatThrownBy(
            () ->
                new Table(
                    ImmutableList.of("a", "b"), ImmutableList.of(ImmutableList.of("only one"))))
        .hasMessageContaining("a row must have 2 cells, got 1");
  }

  @Test
  void quantitiesAreReadable() {
    assertThat(
            ImmutableList.of(0.0, 7.0, 999.0, 1530.0, 999_600.0, 2.5e12).stream().map(Quantity::si))
        .containsExactly("0", "7", "999", "1.53k", "1.00M", "2.50T");
    assertThat(Quantity.percent(0.12345)).isEqualTo("12.35%");
  }
}
