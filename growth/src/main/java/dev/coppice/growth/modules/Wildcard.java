package dev.coppice.growth.modules;

import com.google.common.collect.ImmutableList;
import java.util.regex.Pattern;

/**
 * A shell's wildcard that the whole name must fit: {@code *} for any text, {@code ?} for one
 * character, {@code [0-3]} and {@code [!0-3]} for one of some.
 *
 * <p><b>Source</b>: Python's {@code fnmatch}, which ModelOpt, TensorRT-LLM and Quark use.
 *
 * @param text the wildcard
 */
record Wildcard(String text) implements Spelling {
  private static final Pattern NO_LITERAL = Pattern.compile("[*?\\[].*", Pattern.DOTALL);
  private static final Pattern COUNTS = Pattern.compile("[0-9?\\[]");

  @Override
  public String body() {
    return text;
  }

  @Override
  public Spelling with(String newBody) {
    return new Wildcard(newBody);
  }

  @Override
  public ImmutableList<Reading> readings() {
    Pattern pattern = Pattern.compile(translated(), Pattern.DOTALL);
    String start = NO_LITERAL.matcher(text).replaceFirst("");
    return ImmutableList.of(
        new Reading(start, name -> pattern.matcher(BoundedText.of(name)).matches()));
  }

  private String translated() {
    StringBuilder pattern = new StringBuilder();
    int at = 0;
    while (at < text.length()) {
      char sign = text.charAt(at);
      int end = sign == '[' ? text.indexOf(']', Math.min(at + 2, text.length())) : -1;
      if (end > 0) {
        String inside = text.substring(at + 1, end).replace("\\", "\\\\").replace("[", "\\[");
        pattern.append('[').append(inside.replaceFirst("^!", "^").replace("&&", "&")).append(']');
        at = end + 1;
        continue;
      }
      pattern.append(
          switch (sign) {
            case '*' -> ".*";
            case '?' -> ".";
            default -> Pattern.quote(String.valueOf(sign));
          });
      at++;
    }
    return pattern.toString();
  }

  @Override
  public boolean mayCount(SlotFinder finder) {
    return COUNTS.matcher(text).find();
  }

  @Override
  public ImmutableList<Slot> slots(SlotFinder finder) {
    return finder.wildcard(text);
  }

  /** {@code 1*} before a name's rest may mean 1 and 10 to 19: written as {@code 1.*}. */
  @Override
  public ImmutableList<ImmutableList<String>> fillings(Slot slot, ImmutableList<Integer> indices) {
    String index = text.substring(slot.from(), slot.to());
    String rest = index.endsWith("*") && !slot.closed() ? ".*" : "";
    return ImmutableList.of(
        indices.stream().map(i -> i + rest).collect(ImmutableList.toImmutableList()));
  }

  @Override
  public Spelling module(String name) {
    return new Wildcard(name);
  }

  @Override
  public Spelling inside(String name) {
    return new Wildcard(name + ".*");
  }
}
