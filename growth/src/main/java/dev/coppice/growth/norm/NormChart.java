package dev.coppice.growth.norm;

import com.google.common.collect.ImmutableList;
import com.google.common.collect.ImmutableMap;
import dev.coppice.moe.chart.Axis;
import dev.coppice.moe.chart.LineChart;
import dev.coppice.moe.chart.Point;
import dev.coppice.moe.chart.Series;
import dev.coppice.moe.chart.Tone;
import java.util.Map;

/** Norm profiles as a chart: models of any depth over one axis. */
public final class NormChart {
  private static final ImmutableList<Tone> TONES = ImmutableList.of(Tone.LEAD, Tone.RIVAL);

  private NormChart() {}

  /**
   * The profile's points: depth, 0 for the first layer and 1 for the last, against norm. Layers
   * without matrices have none.
   *
   * @param profile what to show
   */
  public static ImmutableList<Point> points(NormProfile profile) {
    return profile.present().stream()
        .map(layer -> new Point(profile.depth(layer), profile.layers().get(layer)))
        .collect(ImmutableList.toImmutableList());
  }

  /**
   * A chart of one or two profiles.
   *
   * @param profiles by the name that the legend shows, in the order of drawing
   */
  public static LineChart of(ImmutableMap<String, NormProfile> profiles) {
    ImmutableList.Builder<Series> series = ImmutableList.builder();
    int drawn = 0;
    for (Map.Entry<String, NormProfile> profile : profiles.entrySet()) {
      Tone tone = TONES.get(drawn++ % TONES.size());
      series.add(new Series(profile.getKey(), tone, points(profile.getValue())));
    }
    return new LineChart(
        "Norm profile",
        Axis.linear("depth: 0 is the first layer, 1 the last"),
        Axis.linear("mean Frobenius norm / sqrt(elements)"),
        series.build());
  }
}
