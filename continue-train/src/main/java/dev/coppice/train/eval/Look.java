package dev.coppice.train.eval;

import com.google.common.collect.ImmutableSortedMap;
import java.util.LinkedHashMap;
import java.util.Locale;
import java.util.Map;
import java.util.function.ToDoubleFunction;
import java.util.stream.Collectors;

/**
 * Result of one evaluation on held-out text: its sources by name, and all their tokens together.
 *
 * <p>As the values of an event: {@code loss}, {@code accuracy}, and {@code bits_per_byte} where the
 * text is known; and where there are several sources, {@code loss/NAME} and {@code
 * bits_per_byte/NAME} of each.
 */
public final class Look {
  private final Map<String, EvalReport> reports = new LinkedHashMap<>();

  public void add(String name, EvalReport report) {
    reports.put(name, report);
  }

  public long tokens() {
    return reports.values().stream().mapToLong(EvalReport::tokens).sum();
  }

  private double mean(ToDoubleFunction<EvalReport> figure) {
    double sum =
        reports.values().stream().mapToDouble(r -> figure.applyAsDouble(r) * r.tokens()).sum();
    return sum / tokens();
  }

  /** The text of its event. */
  public String message() {
    EvalReport any = reports.values().iterator().next();
    String text =
        String.format(
            Locale.ROOT,
            "held-out loss %.4f over %d tokens, %s document mask",
            mean(EvalReport::loss),
            tokens(),
            any.documentMask() ? "with" : "without");
    return reports.size() == 1
        ? text
        : text
            + reports.entrySet().stream()
                .map(e -> String.format(Locale.ROOT, "%s %.4f", e.getKey(), e.getValue().loss()))
                .collect(Collectors.joining("; ", ": ", ""));
  }

  /** Its numbers. */
  public ImmutableSortedMap<String, Double> values() {
    ImmutableSortedMap.Builder<String, Double> values = ImmutableSortedMap.naturalOrder();
    values.put("loss", mean(EvalReport::loss)).put("accuracy", mean(EvalReport::accuracy));
    putBits(values);
    if (reports.size() > 1) {
      reports.forEach((name, report) -> put(values, name, report));
    }
    return values.buildOrThrow();
  }

  private void putBits(ImmutableSortedMap.Builder<String, Double> values) {
    long bytes = 0;
    double bits = 0;
    for (EvalReport report : reports.values()) {
      Long of = report.bytes();
      if (of == null) {
        return;
      }
      bytes += of;
      bits += report.loss() * report.tokens() / Math.log(2);
    }
    if (bytes > 0) {
      values.put("bits_per_byte", bits / bytes);
    }
  }

  private static void put(
      ImmutableSortedMap.Builder<String, Double> values, String name, EvalReport report) {
    values.put("loss/" + name, report.loss());
    Double bits = report.bitsPerByte();
    if (bits != null) {
      values.put("bits_per_byte/" + name, bits);
    }
  }
}
