package dev.coppice.growth.cli;

import dev.coppice.moe.checkpoint.ComputeLedger;
import dev.coppice.moe.report.Quantity;
import java.math.BigInteger;
import java.util.Locale;
import java.util.Map;
import java.util.stream.Collectors;

/** A ledger for people: a line of sums, and one an expense with its uses. */
final class LedgerText {
  private LedgerText() {}

  /** Lines under {@code ledger}, each as wide as the others of {@code inspect}. */
  static String of(ComputeLedger ledger) {
    StringBuilder text = new StringBuilder();
    add(
        text,
        "ledger",
        String.format(
            Locale.ROOT,
            "%s sunk FLOPs, %s extra",
            flops(ledger.sunkFlops()),
            flops(ledger.extraFlops())));
    for (ComputeLedger.Entry entry : ledger.entries()) {
      add(
          text,
          "",
          String.format(
              Locale.ROOT,
              "%s: %s FLOPs, %s tokens, %s%s",
              entry.purpose(),
              flops(entry.flops()),
              Quantity.si(entry.tokens()),
              entry.sunk() ? "sunk" : "extra",
              uses(entry)));
    }
    return text.toString();
  }

  private static void add(StringBuilder text, String title, String line) {
    text.append(String.format(Locale.ROOT, "%-18s %s%n", title, line));
  }

  private static String uses(ComputeLedger.Entry entry) {
    if (entry.uses().isEmpty()) {
      return "";
    }
    return entry.uses().entrySet().stream()
        .map(LedgerText::use)
        .collect(Collectors.joining(", ", " (", ")"));
  }

  private static String use(Map.Entry<String, BigInteger> use) {
    String apart = use.getKey().equals(ComputeLedger.EVALUATION) ? " beside the budget" : "";
    return use.getKey() + " " + flops(use.getValue()) + apart;
  }

  private static String flops(BigInteger flops) {
    return Quantity.si(flops.doubleValue());
  }
}
