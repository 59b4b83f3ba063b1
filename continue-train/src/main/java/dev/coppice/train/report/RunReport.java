package dev.coppice.train.report;

import static com.google.common.base.Preconditions.checkArgument;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import com.google.common.collect.ImmutableList;
import dev.coppice.moe.CoppiceException;
import dev.coppice.moe.report.Quantity;
import dev.coppice.moe.report.Table;
import dev.coppice.train.TrainJson;
import java.io.IOException;
import java.nio.file.Path;
import java.util.HashSet;
import java.util.List;
import java.util.Locale;
import java.util.OptionalDouble;
import java.util.Set;

/**
 * Runs side by side: a table of what they came to, and a page with their curves. Runs that are
 * active, were killed or never took a step are shown as such.
 */
public final class RunReport {
  private static final ImmutableList<String> HEADER =
      ImmutableList.of(
          "run",
          "state",
          "steps",
          "tokens",
          "extra FLOPs",
          "time",
          "loss",
          "held out",
          "skipped",
          "tokens/s");

  private final ImmutableList<RunView> runs;

  private RunReport(ImmutableList<RunView> runs) {
    this.runs = runs;
  }

  /**
   * Reads runs; curves are thinned as they are read, so that memory does not grow with them.
   *
   * @param folders of the runs; at least one
   * @throws CoppiceException when one is no run's folder, or a file in it is damaged
   * @throws IOException when reading fails
   */
  public static RunReport read(List<Path> folders) throws IOException {
    checkArgument(!folders.isEmpty(), "a report must have a run, got none");
    Set<String> names = new HashSet<>();
    ImmutableList.Builder<RunView> runs = ImmutableList.builder();
    for (Path folder : folders) {
      RunView run = RunView.read(folder);
      String name = run.name();
      for (int i = 2; !names.add(name); i++) {
        name = run.name() + " (" + i + ")";
      }
      runs.add(run.named(name));
    }
    return new RunReport(runs.build());
  }

  /** The page: one HTML file without scripts or outside references; same runs, same bytes. */
  public String html() {
    return new RunPage(runs, table()).html();
  }

  /** Results of the runs, one row each. */
  public Table table() {
    ImmutableList.Builder<ImmutableList<String>> rows = ImmutableList.builder();
    runs.forEach(run -> rows.add(row(run)));
    return new Table(HEADER, rows.build());
  }

  private static ImmutableList<String> row(RunView run) {
    RunCurves curves = run.curves();
    Place last = curves.last();
    return ImmutableList.of(
        run.name(),
        run.hasSteps() ? run.state() : run.state() + ", no step",
        String.format(Locale.ROOT, "%.0f", last.step()),
        Quantity.si(last.tokens()),
        Quantity.si(last.flops()),
        clock(last.seconds()),
        loss(curves.lastLoss()),
        loss(curves.lastHeldOut()),
        Long.toString(curves.skippedSteps()),
        last.seconds() > 0 ? Quantity.si(last.tokens() / last.seconds()) : "–");
  }

  private static String loss(OptionalDouble value) {
    return value.isPresent() ? Quantity.fixed(value.getAsDouble(), 4) : "–";
  }

  private static String clock(double seconds) {
    long whole = (long) seconds;
    return String.format(Locale.ROOT, "%d:%02d:%02d", whole / 3600, whole / 60 % 60, whole % 60);
  }

  /** The same as JSON, an object a run. */
  public ArrayNode json() {
    ArrayNode all = TrainJson.mapper().createArrayNode();
    for (RunView run : runs) {
      RunCurves curves = run.curves();
      Place last = curves.last();
      all.addObject()
          .put("name", run.name())
          .put("state", run.state())
          .put("steps", (long) last.step())
          .put("tokens", (long) last.tokens())
          .put("extra_flops", last.flops())
          .put("seconds", last.seconds())
          .put("skipped_steps", curves.skippedSteps())
          .put("events", run.events().size())
          .<ObjectNode>set("loss", number(curves.lastLoss()))
          .<ObjectNode>set("held_out_loss", number(curves.lastHeldOut()))
          .set(
              "held_out",
              HeldOutLooks.of(run)
                  .<JsonNode>map(HeldOutLooks::json)
                  .orElse(TrainJson.mapper().nullNode()));
    }
    return all;
  }

  private static JsonNode number(OptionalDouble value) {
    return value.isPresent()
        ? TrainJson.mapper().getNodeFactory().numberNode(value.getAsDouble())
        : TrainJson.mapper().getNodeFactory().nullNode();
  }
}
