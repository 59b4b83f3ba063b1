package dev.coppice.growth.modules;

import com.google.common.collect.ImmutableList;
import com.google.common.collect.ImmutableSet;
import java.util.HashMap;
import java.util.LinkedHashSet;
import java.util.Map;
import java.util.Set;

/** The shortest list of names that means some modules and no others. */
final class Cover {
  private final Map<String, Integer> all = new HashMap<>();
  private final Map<String, Integer> wanted = new HashMap<>();
  private final ImmutableSet<String> names;

  /**
   * A cover.
   *
   * @param every names of all modules
   * @param names names of those that are meant
   */
  Cover(ImmutableList<String> every, ImmutableSet<String> names) {
    this.names = names;
    every.forEach(name -> count(name, all));
    names.forEach(name -> count(name, wanted));
  }

  private static void count(String name, Map<String, Integer> counts) {
    for (int end = name.indexOf('.'); end >= 0; end = name.indexOf('.', end + 1)) {
      counts.merge(name.substring(0, end), 1, Integer::sum);
    }
    counts.merge(name, 1, Integer::sum);
  }

  /** Entries of a spelling that mean the modules: whole modules where all inside is meant. */
  ImmutableList<Spelling> entries(Spelling spelling) {
    Set<Spelling> entries = new LinkedHashSet<>();
    for (String name : names) {
      String top = top(name);
      if (names.contains(top)) {
        entries.add(spelling.module(top));
      }
      if (!top.equals(name) || all.getOrDefault(top, 0) > 1) {
        entries.add(spelling.inside(top));
      }
    }
    return ImmutableList.copyOf(entries);
  }

  /** One entry a module. */
  ImmutableList<Spelling> modules(Spelling spelling) {
    return names.stream().map(spelling::module).collect(ImmutableList.toImmutableList());
  }

  /** The shortest beginning under which all is meant, and which does not end in a number. */
  private String top(String name) {
    for (int end = name.indexOf('.'); end >= 0; end = name.indexOf('.', end + 1)) {
      String prefix = name.substring(0, end);
      boolean numbered = Character.isDigit(prefix.charAt(prefix.length() - 1));
      if (!numbered && wanted.getOrDefault(prefix, 0).equals(all.get(prefix))) {
        return prefix;
      }
    }
    return name;
  }
}
