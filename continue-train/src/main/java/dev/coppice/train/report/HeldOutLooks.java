package dev.coppice.train.report;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import com.google.common.collect.ImmutableList;
import dev.coppice.moe.report.Quantity;
import dev.coppice.moe.report.Table;
import dev.coppice.train.TrainJson;
import dev.coppice.train.metrics.RunEvent;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/**
 * Results of the evaluations on held-out text, source by source: at the first look and at the last.
 *
 * @param documentMask whether documents in a window did not see one another
 * @param first values of the first look
 * @param last values of the last look
 */
record HeldOutLooks(boolean documentMask, Map<String, Double> first, Map<String, Double> last) {
  private static final String LOSS = "loss";
  private static final String BITS = "bits_per_byte";
  private static final ImmutableList<String> HEADER =
      ImmutableList.of("held-out text", "loss at first", "loss at last", "bits/byte at last");

  /** The looks of a run; nothing where there was none. */
  static Optional<HeldOutLooks> of(RunView run) {
    ImmutableList<RunEvent> looks =
        run.events().stream()
            .filter(event -> event.kind().equals(RunEvent.EVALUATED))
            .collect(ImmutableList.toImmutableList());
    return looks.isEmpty()
        ? Optional.empty()
        : Optional.of(
            new HeldOutLooks(
                masked(run.manifest().path("spec")),
                looks.get(0).values(),
                looks.get(looks.size() - 1).values()));
  }

  /** Runs of older versions let documents of held-out text see one another. */
  private static boolean masked(JsonNode spec) {
    return spec.path("evaluation").path("as_trained").asBoolean()
        && spec.path("batch").path("document_mask").asBoolean();
  }

  /** Losses by name of the source; none where there is one source alone. */
  private static TreeMap<String, Double> sources(Map<String, Double> values) {
    TreeMap<String, Double> sources = new TreeMap<>();
    values.forEach(
        (key, value) -> {
          if (key.startsWith(LOSS + "/")) {
            sources.put(key.substring(LOSS.length() + 1), value);
          }
        });
    return sources;
  }

  /** A sentence for people. */
  String statement() {
    return documentMask
        ? "Tokens of held-out text attend to their own document only (document mask)."
        : "Tokens of held-out text attend to all documents of their window (no document mask).";
  }

  /** A row a source, all together first. */
  Table table() {
    ImmutableList.Builder<ImmutableList<String>> rows = ImmutableList.builder();
    rows.add(row("all", ""));
    sources(last).keySet().forEach(name -> rows.add(row(name, "/" + name)));
    return new Table(HEADER, rows.build());
  }

  private ImmutableList<String> row(String name, String suffix) {
    return ImmutableList.of(
        name,
        text(first.get(LOSS + suffix)),
        text(last.get(LOSS + suffix)),
        text(last.get(BITS + suffix)));
  }

  private static String text(@Nullable Double value) {
    return value == null ? "–" : Quantity.fixed(value, 4);
  }

  /** The same for programs. */
  ObjectNode json() {
    ObjectNode json = TrainJson.mapper().createObjectNode();
    json.put("document_mask", documentMask);
    put(json, "");
    ObjectNode sources = json.putObject("sources");
    sources(last).keySet().forEach(name -> put(sources.putObject(name), "/" + name));
    return json;
  }

  private void put(ObjectNode json, String suffix) {
    json.put("first_loss", first.get(LOSS + suffix));
    json.put("last_loss", last.get(LOSS + suffix));
    json.put("last_bits_per_byte", last.get(BITS + suffix));
  }
}
