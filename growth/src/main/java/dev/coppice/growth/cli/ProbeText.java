package dev.coppice.growth.cli;

import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.coppice.growth.GrowthProbe;
import java.util.Locale;

/** Results of a probe, as text and as JSON. */
final class ProbeText {
  private ProbeText() {}

  /** Keys {@code ran}, {@code max_relative_difference}, {@code promise}, {@code kept}. */
  static ObjectNode json(GrowthProbe probe) {
    ObjectNode json = JsonNodeFactory.instance.objectNode();
    json.put("ran", probe.ran());
    if (probe.ran() && Double.isFinite(probe.maxRelativeDifference())) {
      json.put("max_relative_difference", probe.maxRelativeDifference());
    } else {
      json.putNull("max_relative_difference");
    }
    json.put("promise", probe.promise().name().toLowerCase(Locale.ROOT));
    probe.kept().ifPresentOrElse(kept -> json.put("kept", kept), () -> json.putNull("kept"));
    probe.reason().ifPresent(reason -> json.put("reason", reason));
    return json;
  }

  /** One sentence. */
  static String of(GrowthProbe probe) {
    if (!probe.ran()) {
      return "probe: not run, since " + probe.reason().orElse("");
    }
    String promise =
        switch (probe.promise()) {
          case IDENTITY -> "logits must keep every bit: ";
          case EXACT -> "logits must be kept up to rounding: ";
          case NONE -> "logits may change: ";
        };
    String verdict = probe.kept().map(kept -> kept ? "kept, " : "broken, ").orElse("");
    return String.format(
        Locale.ROOT,
        "probe: %s%slargest difference %.3g of the largest logit",
        promise,
        verdict,
        probe.maxRelativeDifference());
  }
}
