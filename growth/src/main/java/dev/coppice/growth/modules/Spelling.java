package dev.coppice.growth.modules;

import com.google.common.collect.ImmutableList;
import java.util.regex.Pattern;

/** How an entry says which modules it means: a plain name, a wildcard or a regular expression. */
sealed interface Spelling permits PlainName, Wildcard, Expression {
  /** Signs that stand in regular expressions only. */
  Pattern EXPRESSION_SIGNS = Pattern.compile("[\\\\^$(|+{]|^\\.\\*");

  /** Signs of wildcards. */
  Pattern WILDCARD_SIGNS = Pattern.compile("[*?\\[]");

  /** The entry as it stands in a file. */
  String text();

  /** The entry without the mark of its spelling. */
  String body();

  /** Another entry of the same spelling. */
  Spelling with(String newBody);

  /**
   * The ways in which readers take the entry, that of the tool which defined the spelling first.
   *
   * @throws IllegalArgumentException if it cannot be read
   */
  ImmutableList<Reading> readings();

  /** Whether it may mean some layers or experts and not others. */
  boolean mayCount(SlotFinder finder);

  /** Places of layer and expert indices in it. */
  ImmutableList<Slot> slots(SlotFinder finder);

  /**
   * The ways to write an index into a place, the simplest first.
   *
   * @param slot where
   * @param indices the indices that are meant
   * @return alternatives, each the texts for the place that together mean all indices
   */
  ImmutableList<ImmutableList<String>> fillings(Slot slot, ImmutableList<Integer> indices);

  /** The entry that means a module alone. */
  Spelling module(String name);

  /** The entry that means all modules inside a module. */
  Spelling inside(String name);

  /**
   * The spelling of an entry.
   *
   * @param text as it stands in a file
   * @param expressions whether entries without a mark are regular expressions there
   */
  static Spelling of(String text, boolean expressions) {
    for (String mark : ImmutableList.of("re:", "+:", "-:", "regex:")) {
      if (text.startsWith(mark)) {
        return new Expression(mark, text.substring(mark.length()));
      }
    }
    boolean wild = WILDCARD_SIGNS.matcher(text).find();
    if (EXPRESSION_SIGNS.matcher(text).find() || (expressions && wild)) {
      return new Expression("", text);
    }
    return wild ? new Wildcard(text) : new PlainName(text);
  }
}
