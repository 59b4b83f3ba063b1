package dev.coppice.growth.modules;

import java.util.List;
import java.util.regex.Pattern;

/** Which modules entries mean, letter by letter. */
final class NaiveMeaning {
  private NaiveMeaning() {}

  /** Whether one of some entries means a module. */
  static boolean means(List<String> entries, String module) {
    return entries.stream().anyMatch(entry -> means(entry, module));
  }

  private static boolean means(String entry, String module) {
    if (entry.startsWith("re:")) {
      return Pattern.compile(entry.substring(3)).matcher(module).lookingAt();
    }
    if (entry.contains("*") || entry.contains("?") || entry.contains("[")) {
      return fits(entry, 0, module, 0);
    }
    String name = entry.endsWith(".") ? entry.substring(0, entry.length() - 1) : entry;
    return ("." + module + ".").contains("." + name + ".");
  }

  /** Python's fnmatch. */
  static boolean fits(String wild, int at, String name, int from) {
    if (at == wild.length()) {
      return from == name.length();
    }
    char sign = wild.charAt(at);
    if (sign == '*') {
      return fits(wild, at + 1, name, from)
          || (from < name.length() && fits(wild, at, name, from + 1));
    }
    if (from == name.length()) {
      return false;
    }
    if (sign == '[') {
      int end = wild.indexOf(']', at + 2);
      return isIn(wild.substring(at + 1, end), name.charAt(from))
          && fits(wild, end + 1, name, from + 1);
    }
    return (sign == '?' || sign == name.charAt(from)) && fits(wild, at + 1, name, from + 1);
  }

  private static boolean isIn(String set, char c) {
    boolean not = set.startsWith("!");
    String rest = not ? set.substring(1) : set;
    boolean found =
        (rest.length() == 3 && rest.charAt(1) == '-')
            ? (rest.charAt(0) <= c && c <= rest.charAt(2))
            : rest.indexOf(c) >= 0;
    return found != not;
  }
}
