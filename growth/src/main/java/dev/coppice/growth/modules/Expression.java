package dev.coppice.growth.modules;

import com.google.common.collect.ImmutableList;
import java.util.regex.Pattern;
import java.util.regex.PatternSyntaxException;
import java.util.stream.Collectors;

/**
 * A regular expression.
 *
 * <p>With a mark, readers hold it against the beginning of a name or the whole name; without one,
 * against any part or the beginning.
 *
 * <p><b>Source</b>: compressed-tensors ({@code re:}), GPTQModel ({@code +:} and {@code -:} in
 * {@code dynamic}), AutoRound ({@code extra_config}), torchao ({@code re:}).
 *
 * @param mark what stands before it: {@code re:}, {@code +:}, {@code -:} or nothing
 * @param body the expression, in Python's syntax
 */
record Expression(String mark, String body) implements Spelling {
  private static final Pattern FREE =
      Pattern.compile("(?:[A-Za-z_:-]|\\\\[.]|\\.\\*|[\\^$]|\\.(?=[A-Za-z_]))*");

  private static final Pattern META = Pattern.compile("[\\[(.*+?{|^$\\\\]");

  @Override
  public String text() {
    return mark + body;
  }

  @Override
  public Spelling with(String newBody) {
    return new Expression(mark, newBody);
  }

  @Override
  public ImmutableList<Reading> readings() {
    Pattern pattern = compiled();
    String start = start();
    Reading begins = new Reading(start, name -> pattern.matcher(BoundedText.of(name)).lookingAt());
    if (mark.isEmpty()) {
      return ImmutableList.of(
          Reading.ofAny(name -> pattern.matcher(BoundedText.of(name)).find()), begins);
    }
    return ImmutableList.of(
        begins, new Reading(start, name -> pattern.matcher(BoundedText.of(name)).matches()));
  }

  private Pattern compiled() {
    try {
      return Pattern.compile(body.replace("(?P<", "(?<"), Pattern.DOTALL);
    } catch (PatternSyntaxException e) {
      throw new IllegalArgumentException("regular expression cannot be read", e);
    }
  }

  /** The literal text that names must begin with; empty where there are alternatives. */
  private String start() {
    if (body.indexOf('|') >= 0) {
      return "";
    }
    StringBuilder start = new StringBuilder();
    int at = body.startsWith("^") ? 1 : 0;
    while (at < body.length()) {
      boolean dot = body.startsWith("\\.", at);
      if (!dot && META.matcher(body.substring(at, at + 1)).matches()) {
        break;
      }
      start.append(dot ? '.' : body.charAt(at));
      at += dot ? 2 : 1;
    }
    boolean repeated = at < body.length() && "*?{".indexOf(body.charAt(at)) >= 0;
    return repeated && start.length() > 0
        ? start.substring(0, start.length() - 1)
        : start.toString();
  }

  @Override
  public boolean mayCount(SlotFinder finder) {
    return !FREE.matcher(body).matches();
  }

  @Override
  public ImmutableList<Slot> slots(SlotFinder finder) {
    return finder.expression(body);
  }

  @Override
  public ImmutableList<ImmutableList<String>> fillings(Slot slot, ImmutableList<Integer> indices) {
    String all = indices.stream().map(String::valueOf).collect(Collectors.joining("|"));
    String one = indices.size() == 1 ? all : "(?:" + all + ")";
    return ImmutableList.of(ImmutableList.of(one), ImmutableList.of(one + "(?![0-9])"));
  }

  @Override
  public Spelling module(String name) {
    return with("^" + name.replace(".", "\\.") + "$");
  }

  @Override
  public Spelling inside(String name) {
    return with("^" + name.replace(".", "\\.") + "\\..*");
  }
}
