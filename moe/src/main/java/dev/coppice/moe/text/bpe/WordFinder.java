package dev.coppice.moe.text.bpe;

import com.google.common.collect.ImmutableList;
import com.google.common.primitives.ImmutableIntArray;
import dev.coppice.moe.text.bpe.WordProgram.Fork;
import dev.coppice.moe.text.bpe.WordProgram.Instruction;
import dev.coppice.moe.text.bpe.WordProgram.LookPast;
import dev.coppice.moe.text.bpe.WordProgram.Match;
import dev.coppice.moe.text.bpe.WordProgram.Take;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collection;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.stream.IntStream;

/**
 * Finds words by a table of states: one look-up a character, whatever the expression.
 *
 * <p>A state is what the threads of a {@link WordProgram} have come to, those first that the
 * expression prefers; characters that no class distinguishes share a column. The end of the text is
 * a column of its own, so that a look ahead needs no special case; and so have the second halves of
 * surrogate pairs, which change no state. Immutable.
 *
 * <p><b>Source</b>: K. Thompson, "Regular Expression Search Algorithm", CACM 1968; R. Cox, "Regular
 * Expression Matching in the Wild", 2010, for the order of preference.
 */
final class WordFinder {
  /** Beyond this an expression is unsupported. */
  private static final int MOST_STATES = 1 << 11;

  private static final int END_OF_TEXT = 0;
  private static final byte SECOND_HALF = 1;
  private static final int DEAD = 0;

  /** Column of each character. */
  private final byte[] columns;

  private final int width;

  /** For state and column twice the next state, and one if a word may end before the character. */
  private final int[] table;

  private WordFinder(byte[] columns, int width, int[] table) {
    this.columns = columns;
    this.width = width;
    this.table = table;
  }

  /**
   * The finder of an expression's words, empty if the expression is unsupported.
   *
   * @param expression in the usual language
   */
  static Optional<WordFinder> of(String expression) {
    return of(expression, StableCharacters.all());
  }

  /**
   * The finder of an expression's words in texts of some characters.
   *
   * @param expression in the usual language
   * @param characters that there are
   */
  static Optional<WordFinder> of(String expression, IntStream characters) {
    return WordProgram.of(expression).flatMap(program -> of(program, characters.toArray()));
  }

  private static Optional<WordFinder> of(WordProgram program, int... characters) {
    Map<Long, Integer> columnOfClasses = new LinkedHashMap<>();
    byte[] columns = new byte[Character.MAX_VALUE + 1];
    for (int c : characters) {
      int column =
          columnOfClasses.computeIfAbsent(
              classesOf(program, c), k -> columnOfClasses.size() + SECOND_HALF + 1);
      char[] halves = Character.toChars(c);
      boolean halvesDiffer = halves.length == 2 && columns[halves[0]] > 0;
      if (column > Byte.MAX_VALUE || (halvesDiffer && columns[halves[0]] != column)) {
        return Optional.empty();
      }
      columns[halves[0]] = (byte) column;
    }
    Arrays.fill(columns, Character.MIN_LOW_SURROGATE, Character.MAX_LOW_SURROGATE + 1, SECOND_HALF);
    return new Builder(program, ImmutableList.copyOf(columnOfClasses.keySet()))
        .table()
        .map(table -> new WordFinder(columns, columnOfClasses.size() + SECOND_HALF + 1, table));
  }

  private static long classesOf(WordProgram program, int codePoint) {
    String text = Character.toString(codePoint);
    long classes = 0;
    for (int i = 0; i < program.classes().size(); i++) {
      classes |= program.classes().get(i).test(text) ? 1L << i : 0;
    }
    return classes;
  }

  /**
   * Where the word ends that begins at a place; at or before the place if none does.
   *
   * @param text of {@link StableCharacters}
   * @param from the place
   * @param to where the text ends
   */
  int end(char[] text, int from, int to) {
    int end = from;
    int state = 1;
    for (int at = from; at < to && state != DEAD; at++) {
      int entry = table[state * width + columns[text[at]]];
      end = (entry & 1) != 0 ? at : end;
      state = entry >> 1;
    }
    return (table[state * width + END_OF_TEXT] & 1) != 0 ? to : end;
  }

  /** Follows all threads at once, for every state and column. */
  private static final class Builder {
    private final ImmutableList<Instruction> instructions;
    private final ImmutableList<Long> columns;
    private final Map<ImmutableList<Integer>, Integer> states = new HashMap<>();
    private final List<ImmutableList<Integer>> rows = new ArrayList<>();
    private final ImmutableIntArray.Builder table = ImmutableIntArray.builder();

    Builder(WordProgram program, ImmutableList<Long> columns) {
      this.instructions = program.instructions();
      this.columns = columns;
    }

    Optional<int[]> table() {
      states.put(ImmutableList.of(), DEAD);
      rows.add(ImmutableList.of());
      Set<Integer> start = new LinkedHashSet<>();
      close(0, start, new HashSet<>());
      stateOf(start);
      for (int state = 0; state < rows.size(); state++) {
        if (rows.size() > MOST_STATES) {
          return Optional.empty();
        }
        ImmutableList<Integer> threads = rows.get(state);
        table.add(entry(threads, Optional.empty()));
        table.add(2 * state);
        for (long classes : columns) {
          table.add(entry(threads, Optional.of(classes)));
        }
      }
      return Optional.of(table.build().toArray());
    }

    private int stateOf(Set<Integer> threads) {
      ImmutableList<Integer> row = ImmutableList.copyOf(threads);
      Integer known = states.putIfAbsent(row, rows.size());
      if (known != null) {
        return known;
      }
      rows.add(row);
      return rows.size() - 1;
    }

    private int entry(List<Integer> threads, Optional<Long> classes) {
      Set<Integer> next = new LinkedHashSet<>();
      boolean ends = stepAll(threads, classes, next);
      return 2 * stateOf(next) + (ends ? 1 : 0);
    }

    /**
     * The threads' steps; true if one has come to the end of a word, which drops those after it.
     */
    private boolean stepAll(
        Collection<Integer> threads, Optional<Long> classes, Set<Integer> next) {
      for (int thread : threads) {
        if (step(thread, classes, next)) {
          return true;
        }
      }
      return false;
    }

    private boolean step(int thread, Optional<Long> classes, Set<Integer> next) {
      Instruction instruction = instructions.get(thread);
      if (instruction instanceof Take take) {
        if (isOf(classes, take.classIndex())) {
          close(thread + 1, next, new HashSet<>());
        }
        return false;
      }
      if (instruction instanceof LookPast look && !isOf(classes, look.classIndex())) {
        Set<Integer> threads = new LinkedHashSet<>();
        close(thread + 1, threads, new HashSet<>());
        return stepAll(threads, classes, next);
      }
      return instruction instanceof Match;
    }

    private static boolean isOf(Optional<Long> classes, int index) {
      return classes.isPresent() && ((classes.get() >> index) & 1) != 0;
    }

    /** Adds what a thread comes to without a character, forks left out. */
    private void close(int thread, Set<Integer> threads, Set<Integer> forks) {
      if (!(instructions.get(thread) instanceof Fork fork)) {
        threads.add(thread);
      } else if (forks.add(thread)) {
        close(fork.preferred(), threads, forks);
        close(fork.other(), threads, forks);
      }
    }
  }
}
