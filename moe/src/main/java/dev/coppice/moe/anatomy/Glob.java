package dev.coppice.moe.anatomy;

/** Matches names against patterns in which {@code *} stands for any run of characters. */
public final class Glob {
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
    int star = pattern.indexOf('*');
    if (star < 0) {
      return pattern.equals(name);
    }
    int last = pattern.lastIndexOf('*');
    int end = name.length() - (pattern.length() - last - 1);
    if (end < star
        || !name.regionMatches(0, pattern, 0, star)
        || !name.regionMatches(end, pattern, last + 1, name.length() - end)) {
      return false;
    }
    int at = star;
    while (star < last) {
      int next = pattern.indexOf('*', star + 1);
      String piece = pattern.substring(star + 1, next);
      int found = name.indexOf(piece, at);
      if (found < 0) {
        return false;
      }
      at = found + piece.length();
      star = next;
    }
    return at <= end;
  }
}
