package dev.coppice.bench.experiment;

import static com.google.common.collect.ImmutableList.toImmutableList;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.google.common.collect.ImmutableList;
import com.google.common.collect.ImmutableMap;
import dev.coppice.growth.norm.NormChart;
import dev.coppice.growth.norm.NormProfile;
import dev.coppice.moe.chart.Axis;
import dev.coppice.moe.chart.IntervalChart;
import dev.coppice.moe.chart.LineChart;
import dev.coppice.moe.chart.Point;
import dev.coppice.moe.chart.Series;
import dev.coppice.moe.chart.Tone;
import dev.coppice.moe.report.HtmlPage;
import dev.coppice.moe.report.Quantity;
import dev.coppice.moe.report.Table;
import dev.coppice.train.TrainJson;
import java.util.List;
import java.util.Locale;

/** The report of one experiment as an HTML page. */
final class ExperimentPage {
  private static final int CURVE_POINTS = 60;

  private static final String NORM_CAPTION =
      "Root mean square of the expert matrices of each layer. Interposed copies lie beside their"
          + " originals, so that growth keeps the profile's form; noise adds next to nothing.";

  private static final String PAIRED =
      "Each row compares two models on the same held-out files, resampled together; this"
          + " separates them better than their own intervals, which share the text's difficulty.";

  private final ExperimentResults results;
  private final ImmutableMap<String, ImmutableList<Point>> curves;

  /**
   * A page.
   *
   * @param results of the experiment
   * @param curves training loss over extra FLOPs, by arm
   */
  ExperimentPage(ExperimentResults results, ImmutableMap<String, ImmutableList<Point>> curves) {
    this.results = results;
    this.curves = curves;
  }

  String html() {
    HtmlPage page = new HtmlPage("Did growing pay?", lead()).verdict(results.verdict());
    page.section("Results").table(ResultsTable.of(results)).paragraph(legend());
    page.chart(heldOut(), "Held-out loss with 95 % bootstrap intervals. Lower is better.");
    page.section("Loss against extra compute").chart(training(), trainingCaption());
    page.section("Norm profile").chart(norms(), NORM_CAPTION);
    page.section("Differences").table(differences()).paragraph(PAIRED);
    page.section("How it was run").table(facts()).details("Recipe", recipe());
    return page.html();
  }

  private String lead() {
    Score grown = results.arms().get(0);
    return String.format(
        Locale.ROOT,
        "A trained mixture of experts with %s weights was grown to %s, then trained on. It is"
            + " compared with the grown shape from fresh weights, and with the old model simply"
            + " trained on, at the same extra compute on the same text.",
        Quantity.si(results.base().size().parameters()),
        Quantity.si(grown.size().parameters()));
  }

  private static String legend() {
    return "Sunk compute was spent before the last training of a model, extra compute in it; both"
        + " are counted as 6 FLOPs for each active weight and token. The base's own training"
        + " stands under extra.";
  }

  private IntervalChart heldOut() {
    return new IntervalChart(
        "Held-out loss",
        Axis.linear("held-out loss, nats a byte"),
        results.all().stream().map(ExperimentPage::bar).collect(toImmutableList()));
  }

  private static IntervalChart.Row bar(Score score) {
    Score.Judgement j = score.judgement();
    double low = Math.min(j.intervalLow(), j.heldoutLoss());
    double high = Math.max(j.intervalHigh(), j.heldoutLoss());
    return new IntervalChart.Row(score.name(), tone(score.name()), low, j.heldoutLoss(), high);
  }

  private LineChart training() {
    ImmutableList.Builder<Series> series = ImmutableList.builder();
    curves.forEach(
        (arm, points) -> series.add(new Series(arm, tone(arm), points).thinned(CURVE_POINTS)));
    return new LineChart(
        "Training loss against extra compute",
        Axis.linear("extra FLOPs"),
        Axis.log("training loss, nats a byte"),
        series.build());
  }

  private static String trainingCaption() {
    return "Training loss, averaged over up to "
        + CURVE_POINTS
        + " equal spans. A model's first losses after growth show what growth disturbed.";
  }

  private LineChart norms() {
    ImmutableList.Builder<Series> series = ImmutableList.builder();
    results
        .norms()
        .forEach(
            (name, layers) ->
                series.add(
                    new Series(
                        normLabel(name),
                        normTone(name),
                        NormChart.points(new NormProfile(layers)))));
    return new LineChart(
        "Norm profile",
        Axis.linear("depth: 0 is the first layer, 1 the last"),
        Axis.linear("root mean square of expert weights"),
        series.build());
  }

  private Table differences() {
    return new Table(
        ImmutableList.of("pair", "difference of loss", "95 % interval"),
        results.differences().stream().map(ExperimentPage::row).collect(toImmutableList()));
  }

  private static ImmutableList<String> row(Difference d) {
    return ImmutableList.of(
        d.first() + " less " + d.second(),
        Quantity.fixed(d.loss(), 4),
        Quantity.fixed(d.intervalLow(), 4) + " to " + Quantity.fixed(d.intervalHigh(), 4));
  }

  private Table facts() {
    CorpusFacts corpus = results.corpus();
    Machine machine = results.machine();
    ImmutableList.Builder<ImmutableList<String>> rows = ImmutableList.builder();
    rows.add(ImmutableList.of("seed", Long.toString(results.seed())));
    rows.add(ImmutableList.of("base budget", results.budgets().baseFlops() + " FLOPs"));
    rows.add(ImmutableList.of("extra budget", results.budgets().extraFlops() + " FLOPs an arm"));
    rows.add(ImmutableList.of("trained on", text(corpus.trainDocuments(), corpus.trainBytes())));
    rows.add(ImmutableList.of("held out", text(corpus.heldoutDocuments(), corpus.heldoutBytes())));
    rows.add(ImmutableList.of("documents", ExperimentReport.documents(results)));
    rows.add(ImmutableList.of("text", String.join(", ", corpus.sources())));
    rows.add(ImmutableList.of("time", Quantity.fixed(results.seconds(), 0) + " s"));
    rows.add(
        ImmutableList.of(
            "machine",
            machine.processors()
                + " processors, "
                + machine.processor()
                + ", "
                + machine.system()));
    results.versions().forEach((name, value) -> rows.add(ImmutableList.of(name, value)));
    return new Table(ImmutableList.of("what", "value"), rows.build());
  }

  private static String text(long documents, long bytes) {
    return documents + " files, " + Quantity.si(bytes) + "B";
  }

  private String recipe() {
    try {
      return TrainJson.mapper().writeValueAsString(results.config());
    } catch (JsonProcessingException e) {
      throw new IllegalStateException("a recipe must print, got " + results.config(), e);
    }
  }

  private static Tone tone(String name) {
    return switch (name) {
      case "grown" -> Tone.LEAD;
      case "scratch" -> Tone.RIVAL;
      case "kept" -> Tone.THIRD;
      default -> Tone.MUTED;
    };
  }

  private static String normLabel(String name) {
    return switch (name) {
      case "grown_start" -> "grown, before its training";
      case "grown" -> "grown, after it";
      default -> name;
    };
  }

  private static Tone normTone(String name) {
    return List.of(Tone.MUTED, Tone.THIRD, Tone.LEAD)
        .get(List.of("base", "grown_start", "grown").indexOf(name));
  }
}
