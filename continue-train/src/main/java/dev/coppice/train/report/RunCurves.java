package dev.coppice.train.report;

import com.fasterxml.jackson.databind.JsonNode;
import com.google.common.collect.ImmutableList;
import com.google.common.collect.ImmutableMap;
import com.google.common.collect.Maps;
import dev.coppice.moe.chart.Point;
import dev.coppice.train.metrics.MetricsLog;
import dev.coppice.train.metrics.RunEvent;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Deque;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.OptionalDouble;

/** The curves of one run, read line by line and kept thin. */
final class RunCurves {
  /** As many columns as a chart has pixels across its plot. */
  private static final int COLUMNS = 700;

  /** Marks beyond these are not drawn. */
  private static final int MARKS = 500;

  private static final int LAST_LOSSES = 20;

  private final ImmutableMap<Quality, ThinCurve> curves =
      Maps.toMap(Arrays.asList(Quality.values()), quality -> new ThinCurve(COLUMNS));
  private final ThinCurve heldOut = new ThinCurve(COLUMNS);
  private final List<Mark> skipped = new ArrayList<>();
  private final List<Mark> spikes = new ArrayList<>();
  private final Deque<Double> lastLosses = new ArrayDeque<>();
  private final Map<Long, Double> evaluations = new HashMap<>();
  private final Map<Long, Double> spikeNorms = new HashMap<>();
  private Place last = new Place(0, 0, 0, 0);
  private long skippedSteps;

  private RunCurves() {}

  /**
   * Reads the curves of a run.
   *
   * @param metrics its log; none at all reads as no steps
   * @param events of the run
   */
  static RunCurves read(Path metrics, ImmutableList<RunEvent> events) throws IOException {
    RunCurves curves = new RunCurves();
    events.forEach(curves::expect);
    curves.evaluate(curves.last);
    if (Files.exists(metrics)) {
      MetricsLog.visit(metrics, curves::take);
    }
    return curves;
  }

  private void expect(RunEvent event) {
    Double loss = event.values().get("loss");
    if (event.kind().equals(RunEvent.EVALUATED) && loss != null) {
      evaluations.put(event.step(), loss);
    }
    if (event.kind().equals(RunEvent.SPIKE)) {
      Double norm = event.values().get("gradient_norm");
      spikeNorms.put(event.step(), norm == null ? Double.NaN : norm);
    }
  }

  private void take(JsonNode line) {
    last =
        new Place(
            number(line, "step"),
            number(line, "tokens"),
            number(line, "extra_flops"),
            number(line, "seconds"));
    curves.forEach((quality, curve) -> curve.add(last, value(line, quality)));
    double loss = value(line, Quality.LOSS);
    if (Double.isFinite(loss)) {
      lastLosses.add(loss);
      if (lastLosses.size() > LAST_LOSSES) {
        lastLosses.remove();
      }
    }
    double norm = value(line, Quality.GRADIENT_NORM);
    if (line.path("skipped").asBoolean()) {
      skippedSteps++;
      mark(skipped, norm);
    }
    Double spike = spikeNorms.get(line.path("step").longValue());
    if (spike != null) {
      // after a roll-back the step was taken again, so the event knows better
      mark(spikes, Double.isFinite(spike) ? spike : norm);
    }
    evaluate(last);
  }

  private void mark(List<Mark> marks, double norm) {
    if (marks.size() < MARKS) {
      marks.add(new Mark(last.step(), norm));
    }
  }

  private void evaluate(Place place) {
    Double loss = evaluations.get((long) place.step());
    if (loss != null) {
      heldOut.add(place, loss);
    }
  }

  private static double value(JsonNode line, Quality quality) {
    return line.path(quality.field()).asDouble(Double.NaN);
  }

  /** A coordinate; what is none counts as 0. */
  private static double number(JsonNode line, String field) {
    double value = line.path(field).asDouble(0);
    return Math.abs(value) <= ThinCurve.MOST ? value : 0;
  }

  /** A number of each step. */
  ThinCurve of(Quality quality) {
    return curves.getOrDefault(quality, heldOut);
  }

  /** Losses of evaluations. */
  ThinCurve heldOut() {
    return heldOut;
  }

  /** Where the run stood at its last step. */
  Place last() {
    return last;
  }

  /** Steps without an update. */
  long skippedSteps() {
    return skippedSteps;
  }

  /** Steps without an update, with their norms where these are finite. */
  ImmutableList<Mark> skipped() {
    return ImmutableList.copyOf(skipped);
  }

  /** Steps that stood out, with their norms where these are finite. */
  ImmutableList<Mark> spikes() {
    return ImmutableList.copyOf(spikes);
  }

  /** Mean loss of the last 20 steps that have one. */
  OptionalDouble lastLoss() {
    return lastLosses.stream().mapToDouble(Double::doubleValue).average();
  }

  /** The latest loss of an evaluation. */
  OptionalDouble lastHeldOut() {
    ImmutableList<Point> points = heldOut.extremes(Travel.STEPS);
    return points.isEmpty()
        ? OptionalDouble.empty()
        : OptionalDouble.of(points.get(points.size() - 1).y());
  }

  /**
   * A step to be marked.
   *
   * @param step its number
   * @param norm of its gradient; perhaps not finite
   */
  record Mark(double step, double norm) {}
}
