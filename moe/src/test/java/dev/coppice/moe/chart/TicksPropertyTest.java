package dev.coppice.moe.chart;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.HashSet;
import net.jqwik.api.Example;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.DoubleRange;

final class TicksPropertyTest {

  /** What a tick's own rounding may leave a value outside the axis, as a share of its length. */
  private static final double ROUNDING = 1e-6;

  @Property
  void linearRangeHoldsItsDataAndTellsItsTicksApart(
      @ForAll @DoubleRange(min = -1e15, max = 1e15) double a,
      @ForAll @DoubleRange(min = 0, max = 1e15) double span) {
    double b = a + Math.max(span, Math.abs(a) * 1e-3);
    Ticks ticks = Ticks.covering(a, b, Scale.LINEAR);

    assertThat(ticks.place(a)).isBetween(-ROUNDING, 1 + ROUNDING);
    assertThat(ticks.place(b)).isBetween(-ROUNDING, 1 + ROUNDING);
    assertThat(ticks.values()).hasSizeBetween(2, 12);
  }

  @Property
  void logarithmicRangeHoldsItsData(
      @ForAll @DoubleRange(min = 0.01, max = 1e12) double a,
      @ForAll @DoubleRange(min = 1, max = 1e9) double ratio) {
    assertLogarithmicRangeHolds(a, ratio);
  }

  @Example
  void logarithmicRangeOfOneValueStartsAtIt() {
    assertLogarithmicRangeHolds(0.1 * 0.1, 1);
    assertLogarithmicRangeHolds(0.01, 1);
    assertLogarithmicRangeHolds(Math.nextDown(1.0), 1);
    assertLogarithmicRangeHolds(Math.nextUp(1000.0), 1);
  }

  private static void assertLogarithmicRangeHolds(double a, double ratio) {
    Ticks ticks = Ticks.covering(a, a * ratio, Scale.LOG);

    assertThat(ticks.place(a)).isBetween(-ROUNDING, 1 + ROUNDING);
    assertThat(ticks.place(a * ratio)).isBetween(-ROUNDING, 1 + ROUNDING);
    assertThat(ticks.values()).hasSizeBetween(2, 15).isSorted();
  }

  @Property
  void labelsOfOneLinearAxisDiffer(
      @ForAll @DoubleRange(min = 0, max = 1e14) double low,
      @ForAll @DoubleRange(min = 0.5, max = 10) double ratio) {
    Ticks ticks = Ticks.covering(low, low + (1 + low) * ratio, Scale.LINEAR);
    var labels = new HashSet<String>();
    ticks.values().forEach(v -> labels.add(ticks.label(v)));

    assertThat(labels).hasSize(ticks.values().size());
  }

  @Example
  void labelsAreShort() {
    Ticks flops = Ticks.covering(0, 4.7e12, Scale.LINEAR);
    Ticks loss = Ticks.covering(1.31, 1.58, Scale.LINEAR);

    assertThat(flops.values().stream().map(flops::label))
        .containsExactly("0", "1T", "2T", "3T", "4T", "5T");
    Ticks ratio = Ticks.covering(0.98, 5.4, Scale.LOG);
    assertThat(ratio.values().stream().map(ratio::label))
        .containsExactly("0.7", "1", "1.5", "2", "3", "5", "7");
    assertThat(loss.values().stream().map(loss::label)).containsExactly("1.3", "1.4", "1.5", "1.6");
    Ticks rate = Ticks.covering(0, 0.00095, Scale.LINEAR);
    assertThat(rate.values().stream().map(rate::label))
        .containsExactly("0", "2e-4", "4e-4", "6e-4", "8e-4", "1e-3");
    Ticks small = Ticks.covering(2e-6, 0.02, Scale.LOG);
    assertThat(small.values().stream().map(small::label))
        .containsExactly("1e-6", "1e-5", "1e-4", "0.001", "0.01", "0.1");
  }

  @Example
  void singleValueGetsARange() {
    assertThat(Ticks.covering(0, 0, Scale.LINEAR).high()).isPositive();
    assertThat(Ticks.covering(3, 3, Scale.LOG).values()).containsExactly(3.0, 5.0);
  }
}
