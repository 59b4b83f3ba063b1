package dev.coppice.moe.chart;

import static com.google.common.collect.ImmutableList.toImmutableList;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.google.common.collect.ImmutableList;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

final class SeriesTest {

  @Test
  void thinnedKeepsTheMean() {
    Series series =
        new Series(
            "a",
            Tone.LEAD,
            IntStream.range(0, 1000).mapToObj(i -> new Point(i, i % 2)).collect(toImmutableList()));

    Series thinned = series.thinned(100);

    assertThat(thinned.points()).hasSize(100).allMatch(p -> p.y() == 0.5);
    assertThat(thinned.points().get(0).x()).isEqualTo(4.5);
    assertThat(series.thinned(1000)).isSameAs(series);
  }

  @Test
  void badDataIsRefused() {
    assertThatThrownBy(() -> new Series("a", Tone.LEAD, ImmutableList.of()))
        .hasMessage("series 'a' must have a point, got none");
    assertThatThrownBy(() -> new Point(1, Double.NaN)).hasMessageContaining("must be finite");
    assertThatThrownBy(() -> new IntervalChart.Row("a", Tone.LEAD, 1, 3, 2))
        .hasMessage("interval of 'a' must hold its value, got 3.0 in 1.0..2.0");
  }
}
