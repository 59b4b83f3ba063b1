package dev.coppice.train.report;

import static com.google.common.collect.ImmutableList.toImmutableList;

import com.google.common.collect.ImmutableList;
import dev.coppice.moe.chart.Axis;
import dev.coppice.moe.chart.LineChart;
import dev.coppice.moe.chart.Point;
import dev.coppice.moe.chart.Series;
import dev.coppice.moe.chart.Series.Mark;
import dev.coppice.moe.chart.Tone;
import java.util.Optional;
import java.util.function.Function;

/** Draws runs over each other: one run with its raw values, several as smooth lines. */
final class RunCharts {
  private static final ImmutableList<Tone> TONES =
      ImmutableList.of(Tone.LEAD, Tone.RIVAL, Tone.THIRD, Tone.FOURTH, Tone.FIFTH, Tone.SIXTH);
  private static final int FEW = 40;
  private static final int MOST = 150;
  private static final int NAME_LENGTH = 30;

  private final ImmutableList<RunView> runs;

  RunCharts(ImmutableList<RunView> runs) {
    this.runs = runs;
  }

  private boolean alone() {
    return runs.size() == 1;
  }

  private static String brief(String name) {
    return name.codePointCount(0, name.length()) <= NAME_LENGTH
        ? name
        : name.substring(0, name.offsetByCodePoints(0, NAME_LENGTH - 1)) + "…";
  }

  private Tone tone(int run) {
    return TONES.get(run % TONES.size());
  }

  /** Training and held-out losses; none when no step has one. */
  Optional<LineChart> losses(Travel travel) {
    ImmutableList.Builder<Series> series = ImmutableList.builder();
    for (int i = 0; i < runs.size(); i++) {
      RunCurves curves = runs.get(i).curves();
      ImmutableList<Point> smooth = curves.of(Quality.LOSS).means(travel, FEW, MOST);
      ImmutableList<Point> heldOut = curves.heldOut().extremes(travel);
      String name = brief(runs.get(i).name());
      if (alone()) {
        ImmutableList<Point> raw = curves.of(Quality.LOSS).extremes(travel);
        add(series, new Named(name, tone(i), Mark.FAINT), cut(raw, smooth));
      }
      add(series, new Named(name, tone(i), Mark.LINE), smooth);
      add(
          series,
          new Named(name + ", held out", alone() ? Tone.RIVAL : tone(i), Mark.DOTS),
          heldOut);
    }
    String title = "Loss by " + travel.label();
    return chart(title, travel, Axis.linear("loss, nats a token"), series.build());
  }

  /**
   * Raw values with those far above the smooth line brought down, so that one cannot flatten all.
   */
  private static ImmutableList<Point> cut(ImmutableList<Point> raw, ImmutableList<Point> smooth) {
    double least = smooth.stream().mapToDouble(Point::y).min().orElse(0);
    double most = smooth.stream().mapToDouble(Point::y).max().orElse(0);
    double limit = most + 0.5 * (most - least) + 1e-9;
    return raw.stream()
        .map(p -> new Point(p.x(), Math.min(p.y(), limit)))
        .collect(toImmutableList());
  }

  /** A number over steps, smoothed; the raw values behind it when the run is alone. */
  Optional<LineChart> smooth(Quality quality, String title, Axis axis) {
    ImmutableList.Builder<Series> series = ImmutableList.builder();
    for (int i = 0; i < runs.size(); i++) {
      ThinCurve curve = runs.get(i).curves().of(quality);
      String name = brief(runs.get(i).name());
      if (alone()) {
        add(series, new Named(name, tone(i), Mark.FAINT), curve.extremes(Travel.STEPS));
      }
      add(series, new Named(name, tone(i), Mark.LINE), curve.means(Travel.STEPS, FEW, MOST));
    }
    return chart(title, Travel.STEPS, axis, series.build());
  }

  /** The learning rate over steps, as it was. */
  Optional<LineChart> learningRate() {
    ImmutableList.Builder<Series> series = ImmutableList.builder();
    for (int i = 0; i < runs.size(); i++) {
      ThinCurve curve = runs.get(i).curves().of(Quality.LEARNING_RATE);
      add(
          series,
          new Named(brief(runs.get(i).name()), tone(i), Mark.LINE),
          curve.extremes(Travel.STEPS));
    }
    Axis axis = Axis.linear("learning rate");
    return chart("Learning rate", Travel.STEPS, axis, series.build());
  }

  /** The gradient norm over steps, with spikes and skipped steps marked. */
  Optional<LineChart> gradientNorm() {
    ImmutableList.Builder<Series> series = ImmutableList.builder();
    for (int i = 0; i < runs.size(); i++) {
      ThinCurve curve = runs.get(i).curves().of(Quality.GRADIENT_NORM);
      add(
          series,
          new Named(brief(runs.get(i).name()), tone(i), Mark.LINE),
          positive(alone() ? curve.extremes(Travel.STEPS) : curve.means(Travel.STEPS, FEW, MOST)));
    }
    ImmutableList<Series> lines = series.build();
    double top =
        lines.stream().flatMap(s -> s.points().stream()).mapToDouble(Point::y).max().orElse(1);
    add(series, new Named("spike", Tone.ALERT, Mark.DOTS), marks(RunCurves::spikes, top));
    add(series, new Named("skipped step", Tone.MUTED, Mark.DOTS), marks(RunCurves::skipped, top));
    Axis axis = Axis.log("gradient norm before clipping");
    return chart("Gradient norm", Travel.STEPS, axis, series.build());
  }

  private static ImmutableList<Point> positive(ImmutableList<Point> points) {
    return points.stream().filter(p -> p.y() > 0).collect(toImmutableList());
  }

  /** Marked steps of all runs; one without a norm lies at the top. */
  private ImmutableList<Point> marks(
      Function<RunCurves, ImmutableList<RunCurves.Mark>> which, double top) {
    return runs.stream()
        .flatMap(run -> which.apply(run.curves()).stream())
        .map(m -> new Point(m.step(), m.norm() > 0 && m.norm() <= ThinCurve.MOST ? m.norm() : top))
        .collect(toImmutableList());
  }

  private static void add(
      ImmutableList.Builder<Series> series, Named named, ImmutableList<Point> points) {
    if (!points.isEmpty()) {
      series.add(new Series(named.name(), named.tone(), named.mark(), points));
    }
  }

  private static Optional<LineChart> chart(
      String title, Travel travel, Axis y, ImmutableList<Series> series) {
    return series.isEmpty()
        ? Optional.empty()
        : Optional.of(new LineChart(title, Axis.linear(travel.label()), y, series));
  }

  /** What a series is called, and how it looks. */
  private record Named(String name, Tone tone, Mark mark) {}
}
