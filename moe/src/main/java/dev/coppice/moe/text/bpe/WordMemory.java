package dev.coppice.moe.text.bpe;

import java.util.Arrays;

/**
 * Remembers the ids of words, some hundred thousand of them at most.
 *
 * <p>Thread-safe without locks: entries never change once they are made, so a thread sees a whole
 * entry or none, and what one thread stores over another's is only worked out again.
 */
final class WordMemory {
  private static final int SLOTS = 1 << 18;
  private static final int PROBES = 8;

  /** Characters of a word that is remembered, at most. */
  static final int LONGEST = 32;

  private static final Entry NONE = new Entry(new char[0], new int[0]);

  private final Entry[] slots = new Entry[SLOTS];

  /** An empty memory. */
  WordMemory() {
    Arrays.fill(slots, NONE);
  }

  /**
   * The ids of a word, and nothing if it is not known.
   *
   * @param text has the word, of one character at least
   * @param from where it begins
   * @param to where it ends
   */
  int[] find(char[] text, int from, int to) {
    int slot = slot(text, from, to);
    for (int probe = 0; probe < PROBES; probe++) {
      Entry entry = slots[(slot + probe) & (SLOTS - 1)];
      if (entry.isOf(text, from, to)) {
        return entry.ids;
      }
      if (entry == NONE) {
        break;
      }
    }
    return NONE.ids;
  }

  /**
   * Remembers a word if it is short and there is room.
   *
   * @param ids at least one, never changed again
   */
  void put(char[] text, int from, int to, int[] ids) {
    if (to - from > LONGEST) {
      return;
    }
    int slot = slot(text, from, to);
    for (int probe = 0; probe < PROBES; probe++) {
      int free = (slot + probe) & (SLOTS - 1);
      if (slots[free] == NONE) {
        slots[free] = new Entry(Arrays.copyOfRange(text, from, to), ids);
        return;
      }
    }
  }

  private static int slot(char[] text, int from, int to) {
    int hash = 0;
    for (int i = from; i < to; i++) {
      hash = 31 * hash + text[i];
    }
    // the golden ratio spreads what differs in few bits
    return (hash * 0x9E3779B9) >>> 14;
  }

  /** Final fields, so that other threads see them filled. */
  private static final class Entry {
    private final char[] word;
    private final int[] ids;

    Entry(char[] word, int[] ids) {
      this.word = word;
      this.ids = ids;
    }

    /** In a plain loop: words are so short that a vector's set-up costs more than it saves. */
    boolean isOf(char[] text, int from, int to) {
      if (word.length != to - from) {
        return false;
      }
      for (int i = 0; i < word.length; i++) {
        if (word[i] != text[from + i]) {
          return false;
        }
      }
      return true;
    }
  }
}
