package dev.coppice.growth.modules;

import com.google.common.base.CharMatcher;
import com.google.common.collect.ImmutableList;
import java.util.regex.Pattern;

/**
 * A name without signs of patterns.
 *
 * <p>Readers take it for the name of a module, for a run of whole parts of names (all that is
 * inside a module), for any part of a name's text, or for the beginning of names.
 *
 * <p><b>Source</b>: transformers {@code should_convert_module}; vLLM's readers of AWQ, FP8 and
 * ModelOpt.
 *
 * @param text the name; it may end in a dot
 */
record PlainName(String text) implements Spelling {
  /** A number between dots that follows or precedes a name. */
  private static final Pattern COUNTED =
      Pattern.compile("(?:^|\\.)[0-9]+\\.[A-Za-z_]|[A-Za-z_]\\.[0-9]+(?:\\.|$)");

  @Override
  public String body() {
    return text;
  }

  @Override
  public Spelling with(String newBody) {
    return new PlainName(newBody);
  }

  @Override
  public ImmutableList<Reading> readings() {
    String run = "." + CharMatcher.is('.').trimTrailingFrom(text) + ".";
    Pattern start = Pattern.compile(text.replace("[", "\\["));
    return ImmutableList.of(
        Reading.ofAny(name -> ("." + name + ".").contains(run)),
        new Reading(text, name -> name.equals(text)),
        Reading.ofAny(name -> name.contains(text)),
        Reading.ofAny(name -> start.matcher(name).lookingAt() || name.endsWith(text)));
  }

  @Override
  public boolean mayCount(SlotFinder finder) {
    return COUNTED.matcher(text).find() || !slots(finder).isEmpty();
  }

  @Override
  public ImmutableList<Slot> slots(SlotFinder finder) {
    return finder.plain(text);
  }

  @Override
  public ImmutableList<ImmutableList<String>> fillings(Slot slot, ImmutableList<Integer> indices) {
    return ImmutableList.of(
        indices.stream().map(String::valueOf).collect(ImmutableList.toImmutableList()));
  }

  @Override
  public Spelling module(String name) {
    return new PlainName(name);
  }

  @Override
  public Spelling inside(String name) {
    return new PlainName(name);
  }
}
