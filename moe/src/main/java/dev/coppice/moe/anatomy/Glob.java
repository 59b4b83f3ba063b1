package dev.coppice.moe.anatomy;

import com.google.common.base.Splitter;
import java.util.List;

/** Matches names against patterns in which {@code *} stands for any run of characters. */
public final class Glob {
  private static final Splitter STARS = Splitter.on('*');

  private Glob() {}

  /** Whether a name matches one of the patterns. */
  public static boolean matchesAny(Iterable<String> patterns, String name) {
    for (String pattern : patterns) {
      if (matches(pattern, name)) {
        return true;
      }
    }
    return false;
  }

  /** Whether a name matches a pattern. */
  static boolean matches(String pattern, String name) {
    List<String> pieces = STARS.splitToList(pattern);
    if (pieces.size() == 1) {
      return pattern.equals(name);
    }
    String last = pieces.get(pieces.size() - 1);
    int end = name.length() - last.length();
    if (!name.startsWith(pieces.get(0)) || !name.endsWith(last)) {
      return false;
    }
    int at = pieces.get(0).length();
    for (String piece : pieces.subList(1, pieces.size() - 1)) {
      int found = name.indexOf(piece, at);
      if (found < 0) {
        return false;
      }
      at = found + piece.length();
    }
    return at <= end;
  }
}
