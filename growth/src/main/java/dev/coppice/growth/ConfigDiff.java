package dev.coppice.growth;

import com.fasterxml.jackson.databind.JsonNode;
import com.google.common.collect.ImmutableList;
import com.google.common.collect.Sets;
import java.util.Locale;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Collectors;
import java.util.stream.IntStream;

/** What changes from one JSON tree to another, abridged where lists and objects are long. */
final class ConfigDiff {
  /** Most entries of a list, and most new or lost keys of an object, that are shown. */
  private static final int SHOWN = 8;

  private static final int CHARACTERS = 400;

  private final ImmutableList.Builder<String> changes = ImmutableList.builder();

  private ConfigDiff() {}

  /** Changed keys, as {@code key: old -> new}; keys of nested objects with a dot. */
  static ImmutableList<String> of(JsonNode old, JsonNode grown) {
    ConfigDiff diff = new ConfigDiff();
    diff.add("", old, grown);
    return diff.changes.build();
  }

  private void add(String prefix, JsonNode old, JsonNode grown) {
    Set<String> was = keys(old);
    Set<String> is = keys(grown);
    boolean many = Sets.symmetricDifference(was, is).size() > SHOWN;
    if (many && !prefix.isEmpty()) {
      changes.add(
          String.format(
              Locale.ROOT,
              "%s: %d keys -> %d keys (%s)",
              prefix.substring(0, prefix.length() - 1),
              was.size(),
              is.size(),
              named(Sets.difference(is, was).isEmpty() ? "without" : "with", was, is)));
    }
    for (String key :
        many && !prefix.isEmpty() ? Sets.intersection(was, is) : Sets.union(was, is)) {
      add(prefix, key, old.path(key), grown.path(key));
    }
  }

  private static String named(String word, Set<String> was, Set<String> is) {
    Set<String> others = word.equals("with") ? Sets.difference(is, was) : Sets.difference(was, is);
    String first = others.stream().limit(2).collect(Collectors.joining(", "));
    return word + " " + first + (others.size() > 2 ? " and " + (others.size() - 2) + " more" : "");
  }

  private static Set<String> keys(JsonNode object) {
    Set<String> keys = new TreeSet<>();
    object.fieldNames().forEachRemaining(keys::add);
    return keys;
  }

  private void add(String prefix, String key, JsonNode from, JsonNode to) {
    if (from.isObject() && to.isObject()) {
      add(prefix + key + ".", from, to);
    } else if (!from.equals(to)) {
      changes.add(prefix + key + ": " + shown(from, to) + " -> " + shown(to, from));
    }
  }

  private static String shown(JsonNode value, JsonNode other) {
    if (value.isMissingNode()) {
      return "(absent)";
    }
    if (value.isArray() && value.size() > SHOWN) {
      return abridged(value, other);
    }
    String text = value.toString();
    return text.length() <= CHARACTERS
        ? text
        : text.substring(0, CHARACTERS) + "… (" + text.length() + " characters)";
  }

  /** A long list: how many entries, and some from the first that differs on. */
  private static String abridged(JsonNode list, JsonNode other) {
    int first =
        IntStream.range(0, list.size())
            .filter(i -> !list.get(i).equals(other.path(i)))
            .findFirst()
            .orElse(list.size());
    int from = Math.min(first, list.size() - SHOWN / 2);
    String entries =
        IntStream.range(from, from + SHOWN / 2)
            .mapToObj(i -> shown(list.get(i), other.path(i)))
            .collect(Collectors.joining(","));
    return String.format(
        Locale.ROOT,
        "[%s%s%s] (%d entries)",
        from > 0 ? "…," : "",
        entries,
        from + SHOWN / 2 < list.size() ? ",…" : "",
        list.size());
  }
}
