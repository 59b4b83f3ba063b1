package dev.coppice.train.report;

import static com.google.common.collect.ImmutableList.toImmutableList;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.google.common.collect.ImmutableList;
import dev.coppice.moe.chart.Axis;
import dev.coppice.moe.chart.LineChart;
import dev.coppice.moe.report.HtmlPage;
import dev.coppice.moe.report.Quantity;
import dev.coppice.moe.report.Table;
import dev.coppice.train.TrainJson;
import dev.coppice.train.metrics.RunEvent;
import java.util.Optional;
import java.util.TreeMap;
import java.util.stream.Collectors;

/** The page of a report. */
final class RunPage {
  private static final int SHOWN_EVENTS = 200;
  private static final int TEXT_LENGTH = 20_000;
  private static final int MESSAGE_LENGTH = 300;
  private static final String SMOOTHED =
      "Lines are means over short stretches; pale lines are the least and greatest values at each "
          + "place.";

  private final ImmutableList<RunView> runs;
  private final HtmlPage page;

  RunPage(ImmutableList<RunView> runs, Table table) {
    this.runs = runs;
    this.page =
        new HtmlPage(
            runs.size() == 1 ? "Training run " + runs.get(0).name() : "Training runs",
            "Loss is cross-entropy in nats a token, the mean of the last 20 steps; FLOPs are "
                + "6·N_active a token; time is time in steps.");
    page.table(table);
  }

  String html() {
    ImmutableList<RunView> drawn =
        runs.stream().filter(RunView::hasSteps).collect(toImmutableList());
    if (drawn.isEmpty()) {
      page.verdict("No step was taken.");
    } else {
      charts(new RunCharts(drawn));
    }
    runs.forEach(this::run);
    return page.html();
  }

  private void charts(RunCharts charts) {
    page.section("Loss");
    String heldOut = " Dots are losses on held-out text.";
    for (Travel travel : Travel.values()) {
      show(charts.losses(travel), SMOOTHED + heldOut);
    }
    if (runs.stream().anyMatch(run -> run.curves().of(Quality.DISTILLATION).hasNews())) {
      Axis divergence = Axis.linear("divergence from the teacher, nats a token");
      show(charts.smooth(Quality.DISTILLATION, "Distillation", divergence), SMOOTHED);
    }
    page.section("Optimizer");
    show(charts.learningRate(), "As it was at each step.");
    show(
        charts.gradientNorm(),
        "A step whose gradient was not finite has no norm and is marked at the top.");
    page.section("Speed");
    Axis speed = Axis.linear("tokens a second");
    show(charts.smooth(Quality.TOKENS_PER_SECOND, "Tokens a second", speed), SMOOTHED);
    page.section("Routers");
    Axis imbalance = Axis.linear("busiest expert's load over the mean");
    show(
        charts.smooth(Quality.IMBALANCE, "Load imbalance", imbalance),
        SMOOTHED + " Of the layer where it is largest.");
    show(
        charts.smooth(Quality.DEAD_EXPERTS, "Dead experts", Axis.linear("experts without a token")),
        SMOOTHED + " Over all layers.");
  }

  private void show(Optional<LineChart> chart, String caption) {
    chart.ifPresent(drawn -> page.chart(drawn, caption));
  }

  private void run(RunView run) {
    page.section("Run " + run.name());
    page.paragraph(statement(run));
    HeldOutLooks.of(run).ifPresent(looks -> page.paragraph(looks.statement()).table(looks.table()));
    ledger(run);
    events(run);
    JsonNode manifest = run.manifest();
    page.details("Spec", pretty(manifest.path("spec")));
    page.details("Budget", pretty(manifest.path("budget")));
    page.details("Data", pretty(manifest.path("data")));
    page.details("All of run.json", pretty(manifest));
  }

  private static String statement(RunView run) {
    String state =
        switch (run.state()) {
          case "finished" -> "Its budget is spent.";
          case "stopped" -> "It was stopped by a signal, and saved.";
          default -> "No end is recorded: it is still active, or was killed.";
        };
    return run.hasSteps() ? state : "No step was taken. " + state;
  }

  private void ledger(RunView run) {
    if (run.ledger().isEmpty()) {
      page.paragraph("It has no checkpoint yet.");
      return;
    }
    ImmutableList.Builder<ImmutableList<String>> rows = ImmutableList.builder();
    for (JsonNode entry : run.ledger().get().path("entries")) {
      rows.add(
          ImmutableList.of(
              entry.path("purpose").asText(),
              entry.path("sunk").asBoolean() ? "sunk" : "extra",
              Quantity.si(entry.path("flops").asDouble()),
              Quantity.si(entry.path("tokens").asDouble())));
    }
    page.paragraph("Ledger of its newest checkpoint:");
    page.table(new Table(ImmutableList.of("spent on", "kind", "FLOPs", "tokens"), rows.build()));
  }

  private void events(RunView run) {
    ImmutableList<RunEvent> events = run.events();
    if (events.isEmpty()) {
      page.paragraph("No events are on record.");
      return;
    }
    TreeMap<String, Long> counts =
        events.stream()
            .collect(Collectors.groupingBy(RunEvent::kind, TreeMap::new, Collectors.counting()));
    String kinds =
        counts.entrySet().stream()
            .map(e -> e.getValue() + " " + e.getKey())
            .collect(Collectors.joining(", "));
    page.paragraph(events.size() + " events: " + kinds + ".");
    int half = SHOWN_EVENTS / 2;
    ImmutableList.Builder<ImmutableList<String>> rows = ImmutableList.builder();
    for (int i = 0; i < events.size(); i++) {
      if (i < half || i >= events.size() - half) {
        rows.add(row(events.get(i)));
      } else if (i == half) {
        int left = events.size() - SHOWN_EVENTS;
        rows.add(ImmutableList.of("… " + left + " more, in events.jsonl", ""));
      }
    }
    page.table(new Table(ImmutableList.of("event", "step"), rows.build()));
  }

  private static ImmutableList<String> row(RunEvent event) {
    String values =
        event.values().entrySet().stream()
            .map(e -> e.getKey() + " " + e.getValue())
            .collect(Collectors.joining(", "));
    String text = event.kind() + (event.message().isEmpty() ? "" : ": " + event.message());
    return ImmutableList.of(
        head(values.isEmpty() ? text : text + " (" + values + ")", MESSAGE_LENGTH),
        Long.toString(event.step()));
  }

  private static String head(String text, int length) {
    return text.length() <= length ? text : text.substring(0, length) + "…";
  }

  private static String pretty(JsonNode tree) {
    try {
      String text = TrainJson.mapper().writeValueAsString(tree).replace("\r\n", "\n");
      return head(tree.isMissingNode() ? "none" : text, TEXT_LENGTH);
    } catch (JsonProcessingException e) {
      throw new IllegalStateException("a JSON tree must print, got " + tree.getNodeType(), e);
    }
  }
}
