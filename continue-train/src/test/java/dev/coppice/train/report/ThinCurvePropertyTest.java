package dev.coppice.train.report;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import com.google.common.collect.ImmutableList;
import dev.coppice.moe.chart.Point;
import java.util.Comparator;
import java.util.List;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.DoubleRange;
import net.jqwik.api.constraints.IntRange;
import net.jqwik.api.constraints.Size;

class ThinCurvePropertyTest {
  private static ThinCurve curve(int capacity, List<Double> values) {
    ThinCurve curve = new ThinCurve(capacity);
    for (int i = 0; i < values.size(); i++) {
      curve.add(new Place(i + 1, 10 * (i + 1), 100 * (i + 1), 60 * (i + 1)), values.get(i));
    }
    return curve;
  }

  @Property(tries = 300)
  void keepsLeastAndGreatestInFewPoints(
      @ForAll @Size(min = 1, max = 300) List<@DoubleRange(min = -9, max = 9) Double> values,
      @ForAll @IntRange(min = 1, max = 20) int half) {
    ImmutableList<Point> points = curve(2 * half, values).extremes(Travel.STEPS);
    assertThat(points).hasSizeLessThanOrEqualTo(4 * half).isSortedAccordingTo(BY_X);
    assertThat(points).allMatch(p -> values.get((int) p.x() - 1) == p.y());
    assertThat(points.stream().mapToDouble(Point::y).min())
        .hasValue(values.stream().mapToDouble(v -> v).min().orElseThrow());
    assertThat(points.stream().mapToDouble(Point::y).max())
        .hasValue(values.stream().mapToDouble(v -> v).max().orElseThrow());
  }

  private static final Comparator<Point> BY_X = Comparator.comparingDouble(Point::x);

  @Property(tries = 300)
  void keepsEveryValueWhereTheyAreFew(
      @ForAll @Size(min = 1, max = 40) List<@DoubleRange(min = -9, max = 9) Double> values) {
    ThinCurve curve = curve(700, values);
    assertThat(curve.extremes(Travel.TIME)).extracting(Point::y).isEqualTo(values);
    assertThat(curve.means(Travel.TIME, 40, 150)).extracting(Point::y).isEqualTo(values);
    assertThat(curve.means(Travel.TIME, 40, 150).get(0).x()).isEqualTo(1);
  }

  @Property(tries = 300)
  void meansWeighEveryValue(
      @ForAll @Size(min = 1, max = 300) List<@DoubleRange(min = -9, max = 9) Double> values,
      @ForAll @IntRange(min = 1, max = 20) int half) {
    ImmutableList<Point> one = curve(2 * half, values).means(Travel.STEPS, 1, 1);
    double mean = values.stream().mapToDouble(v -> v).average().orElseThrow();
    assertThat(one).hasSize(1);
    assertThat(one.get(0).y()).isCloseTo(mean, within(1e-9));
    assertThat(one.get(0).x()).isEqualTo((1 + values.size()) / 2.0);
  }
}
