package dev.coppice.growth.modules;

import com.google.common.collect.ImmutableList;
import com.google.common.primitives.Ints;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/**
 * Finds where entries count layers and experts, by the words before the indices.
 *
 * <p>At the beginning of a plain name, a number is that of a layer.
 */
final class SlotFinder {
  private static final String PLAIN_INDEX = "[0-9]+";
  private static final String WILD_INDEX = "(?:[0-9?*]|\\[[^\\]]*\\])+";
  private static final String EXPRESSION_INDEX =
      "(?:(?:[0-9]|\\\\d|\\[[^\\]]*\\]|\\((?:[^()]|\\((?:[^()]|\\([^()]*\\))*\\))*\\))"
          + "(?:[*+?]|\\{[0-9,]*\\})*)+";
  private static final Pattern ENTRY_END = Pattern.compile("$|\\.|\\\\\\.|\\[\\.\\]|\\$|\\\\b|\\)");
  private static final Pattern NUMBER = Pattern.compile("0|[1-9][0-9]{0,8}");

  private final Set<String> layerWords;
  private final Pattern plain;
  private final Pattern wildcard;
  private final Pattern expression;

  /**
   * A finder.
   *
   * @param layerWords words before the indices of layers, such as {@code layers}
   * @param expertWords words before those of experts
   */
  SlotFinder(Set<String> layerWords, Set<String> expertWords) {
    this.layerWords = layerWords;
    String words =
        Stream.concat(layerWords.stream(), expertWords.stream())
            .distinct()
            .map(Pattern::quote)
            .collect(Collectors.joining("|", "(?<![A-Za-z0-9_])(", ")"));
    this.plain =
        Pattern.compile(
            "(?:" + words + "\\.(" + PLAIN_INDEX + ")(?=\\.|$)|^([0-9]+)(?=\\.[A-Za-z_]))");
    this.wildcard = Pattern.compile(words + "\\.(" + WILD_INDEX + ")");
    this.expression =
        Pattern.compile(words + "\\)?(?:\\\\\\.|\\[\\.\\]|\\.)(" + EXPRESSION_INDEX + ")");
  }

  /** Indices in a plain name. */
  ImmutableList<Slot> plain(String text) {
    return find(plain.matcher(text), text);
  }

  /** Indices in a wildcard. */
  ImmutableList<Slot> wildcard(String text) {
    return find(wildcard.matcher(text), text);
  }

  /** Indices in a regular expression. */
  ImmutableList<Slot> expression(String text) {
    return find(expression.matcher(text), text);
  }

  private ImmutableList<Slot> find(Matcher matcher, String text) {
    ImmutableList.Builder<Slot> found = ImmutableList.builder();
    while (matcher.find()) {
      String word = Optional.ofNullable(matcher.group(1)).orElse("");
      int group = word.isEmpty() ? 3 : 2;
      String index = matcher.group(group);
      if (!index.equals("*")) {
        boolean layer = word.isEmpty() || layerWords.contains(word);
        Slot.Kind kind = layer ? Slot.Kind.LAYER : Slot.Kind.EXPERT;
        boolean closed =
            ENTRY_END.matcher(text).region(matcher.end(group), text.length()).lookingAt()
                && !(index.endsWith("*") && matcher.end(group) == text.length());
        found.add(new Slot(kind, matcher.start(group), matcher.end(group), closed, literal(index)));
      }
    }
    return found.build();
  }

  private static OptionalInt literal(String index) {
    String digits = index.endsWith("*") ? index.substring(0, index.length() - 1) : index;
    if (!NUMBER.matcher(digits).matches()) {
      return OptionalInt.empty();
    }
    return Optional.ofNullable(Ints.tryParse(digits)).map(OptionalInt::of).orElseThrow();
  }
}
