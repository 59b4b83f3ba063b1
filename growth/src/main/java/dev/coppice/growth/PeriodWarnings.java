package dev.coppice.growth;

import com.fasterxml.jackson.databind.JsonNode;
import com.google.common.base.Joiner;
import com.google.common.collect.ImmutableList;
import dev.coppice.moe.anatomy.Anatomy;
import dev.coppice.moe.anatomy.ConfigView;
import dev.coppice.moe.anatomy.DerivedList;
import dev.coppice.moe.anatomy.LayerPeriods;
import dev.coppice.moe.anatomy.LayerShape;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.stream.Collectors;
import java.util.stream.IntStream;

/**
 * Names periods by which layers no longer repeat, the programs that go by them, and the growth that
 * would keep them.
 */
final class PeriodWarnings {
  /** As many entries of a layer map as a sentence shows. */
  private static final int SHOWN = 10;

  private final Anatomy before;
  private final Anatomy after;
  private final DerivedList rule;
  private final int period;

  private PeriodWarnings(Anatomy before, Anatomy after, DerivedList rule) {
    this.before = before;
    this.after = after;
    this.rule = rule;
    this.period = rule.period(before.reader().effective());
  }

  /** A sentence for each period that the model had, and the grown one has not. */
  static ImmutableList<String> of(Anatomy before, Anatomy after) {
    if (before.layerCount() == after.layerCount()) {
      return ImmutableList.of();
    }
    return LayerPeriods.obeyed(before.reader()).stream()
        .map(rule -> new PeriodWarnings(before, after, rule))
        .flatMap(warning -> warning.sentence().stream())
        .distinct()
        .collect(ImmutableList.toImmutableList());
  }

  private Optional<String> sentence() {
    ConfigView grown = after.reader().effective();
    boolean saidAnew =
        rule.hasKey() && after.config().has(rule.every()) && rule.period(grown) != period;
    if (saidAnew
        || LayerPeriods.obeys(rule, numbers(grown), LayerPeriods.list(rule, after.reader()))) {
      return Optional.empty();
    }
    return Optional.of(
        String.format(
            Locale.ROOT,
            "%s no longer repeats every %d layers%s; %s by that number, not by the list%s",
            rule.key(),
            period,
            key(),
            readers(),
            keeping()));
  }

  private String key() {
    if (!rule.hasKey()) {
      return "";
    }
    boolean leftOut = before.config().has(rule.every()) && !after.config().has(rule.every());
    return " (" + rule.every() + (leftOut ? ", now left out)" : ")");
  }

  private String readers() {
    List<String> names = rule.readers();
    if (names.isEmpty()) {
      return "some programs lay out layers";
    }
    int last = names.size() - 1;
    return last == 0
        ? names.get(0) + " lays out layers"
        : Joiner.on(", ").join(names.subList(0, last))
            + " and "
            + names.get(last)
            + " lay out layers";
  }

  /** The numbers that the rule reads, with the old period. */
  private ConfigView numbers(ConfigView grown) {
    return rule.hasKey()
        ? grown.with(rule.every(), before.reader().effective().value(rule.every()))
        : grown;
  }

  /** Growths that keep the period. */
  private String keeping() {
    ImmutableList.Builder<String> ways = ImmutableList.builder();
    IntStream.range(0, before.layerCount())
        .filter(first -> keeps(stacked(first)))
        .boxed()
        .findFirst()
        .ifPresent(
            first ->
                ways.add("--depth-method stack" + (first == 0 ? "" : " --keep-first " + first)));
    IntStream.of(0, period)
        .mapToObj(this::blocks)
        .filter(this::keeps)
        .findFirst()
        .ifPresent(blocks -> ways.add("--layers " + shown(blocks)));
    List<String> found = ways.build();
    return found.isEmpty() ? "" : "; " + Joiner.on(" or ").join(found) + " would keep it";
  }

  private static String shown(List<Integer> blocks) {
    String start =
        blocks.stream().limit(SHOWN).map(String::valueOf).collect(Collectors.joining(","));
    return start + (blocks.size() > SHOWN ? ",..." : "");
  }

  /** Whether dense layers that lead would lead no more: few configurations can say that. */
  private boolean mixesKinds(List<Integer> sources) {
    List<Boolean> kinds = before.layers().stream().map(LayerShape::moe).toList();
    int dense = kinds.indexOf(true);
    boolean lead = dense > 0 && kinds.lastIndexOf(false) < dense;
    List<Boolean> grown = sources.stream().map(kinds::get).toList();
    return lead && grown.lastIndexOf(false) > grown.indexOf(true);
  }

  private boolean keeps(List<Integer> sources) {
    if (sources.size() == before.layerCount() || mixesKinds(sources)) {
      return false;
    }
    List<JsonNode> list = LayerPeriods.list(rule, before.reader());
    List<JsonNode> grown = sources.stream().map(list::get).toList();
    return LayerPeriods.obeys(rule, numbers(before.reader().effective()), grown);
  }

  private ImmutableList<Integer> stacked(int first) {
    ImmutableList.Builder<Integer> sources = ImmutableList.builder();
    IntStream.range(0, before.layerCount()).forEach(sources::add);
    for (int pass = 1; pass < factor(); pass++) {
      IntStream.range(first, before.layerCount()).forEach(sources::add);
    }
    return sources.build();
  }

  /** Whole periods, each followed by its copies, but for the first layers. */
  private ImmutableList<Integer> blocks(int first) {
    ImmutableList.Builder<Integer> sources = ImmutableList.builder();
    for (int start = 0; start < before.layerCount(); start += period) {
      int end = Math.min(start + period, before.layerCount());
      for (int copy = 0; copy < (start < first ? 1 : factor()); copy++) {
        IntStream.range(start, end).forEach(sources::add);
      }
    }
    return sources.build();
  }

  private int factor() {
    return Math.max(2, (after.layerCount() + before.layerCount() - 1) / before.layerCount());
  }
}
