package dev.coppice.growth.modules;

import java.util.OptionalInt;

/**
 * A place in an entry where an index stands.
 *
 * @param kind of what
 * @param from first character of the index, in the entry's body
 * @param to character behind it
 * @param closed whether a separator, or the end, follows
 * @param literal the index, where it is a number
 */
record Slot(Kind kind, int from, int to, boolean closed, OptionalInt literal) {
  /** What is counted. */
  enum Kind {
    LAYER,
    EXPERT
  }
}
