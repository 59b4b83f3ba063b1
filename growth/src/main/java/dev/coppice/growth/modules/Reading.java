package dev.coppice.growth.modules;

import java.util.function.Predicate;

/**
 * One way in which some reader decides whether an entry means a module.
 *
 * @param start how the names that it can mean begin; empty where that is not known
 * @param test whether it means the module of that name
 */
record Reading(String start, Predicate<String> test) {
  /** A reading that may mean any name. */
  static Reading ofAny(Predicate<String> test) {
    return new Reading("", test);
  }
}
