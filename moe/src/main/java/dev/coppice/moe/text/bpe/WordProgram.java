package dev.coppice.moe.text.bpe;

import com.google.common.collect.ImmutableList;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.function.Predicate;
import java.util.regex.Pattern;
import java.util.regex.PatternSyntaxException;

/**
 * An expression that parts text into words, as instructions that are followed side by side.
 *
 * <p>Of the language of expressions it holds what pre-tokenisers use: classes of characters,
 * groups, choices, greedy repetition, groups without case, and a look at one character ahead that
 * must not be of a class.
 *
 * <p><b>Source</b>: R. Cox, "Regular Expression Matching: the Virtual Machine Approach", 2009.
 *
 * @param instructions the first one begins; the last one is the only {@link Match}
 * @param classes that distinguish characters, at most 62
 */
record WordProgram(
    ImmutableList<Instruction> instructions, ImmutableList<Predicate<String>> classes) {
  private static final int MOST_CLASSES = 62;
  private static final int MOST_INSTRUCTIONS = 1 << 12;

  /** The step of a thread at an instruction. */
  sealed interface Instruction {}

  /**
   * Takes a character.
   *
   * @param classIndex it must be of
   */
  record Take(int classIndex) implements Instruction {}

  /**
   * Goes on if the next character, if there is one, is of another class.
   *
   * @param classIndex it must not be of
   */
  record LookPast(int classIndex) implements Instruction {}

  /**
   * Goes on at two places.
   *
   * @param preferred where first
   * @param other where if nothing comes of it
   */
  record Fork(int preferred, int other) implements Instruction {}

  /** The word has ended. */
  record Match() implements Instruction {}

  /** The program of an expression, empty if it has something unsupported. */
  static Optional<WordProgram> of(String expression) {
    try {
      return Optional.of(new Compiler(expression).compile());
    } catch (UnsupportedOperationException | PatternSyntaxException e) {
      return Optional.empty();
    }
  }

  /** Recursive descent; every part is compiled as often as it is repeated. */
  private static final class Compiler {
    private final String expression;
    private final List<Instruction> instructions = new ArrayList<>();
    private final List<String> classTexts = new ArrayList<>();
    private final ImmutableList.Builder<Predicate<String>> classes = ImmutableList.builder();
    private int at;

    Compiler(String expression) {
      this.expression = expression;
    }

    WordProgram compile() {
      Node whole = choice(false);
      require(at == expression.length());
      emit(whole);
      instructions.add(new Match());
      return new WordProgram(ImmutableList.copyOf(instructions), classes.build());
    }

    private static void require(boolean supported) {
      if (!supported) {
        throw new UnsupportedOperationException();
      }
    }

    private boolean accept(String token) {
      boolean found = expression.startsWith(token, at);
      at += found ? token.length() : 0;
      return found;
    }

    private Node choice(boolean anyCase) {
      ImmutableList.Builder<Node> ways = ImmutableList.builder();
      do {
        ways.add(sequence(anyCase));
      } while (accept("|"));
      return new Choice(ways.build());
    }

    private Node sequence(boolean anyCase) {
      ImmutableList.Builder<Node> parts = ImmutableList.builder();
      while (at < expression.length() && "|)".indexOf(expression.charAt(at)) < 0) {
        parts.add(repeated(atom(anyCase)));
      }
      return new Sequence(parts.build());
    }

    private Node atom(boolean anyCase) {
      if (accept("(?!")) {
        Leaf ahead = new Leaf(new LookPast(classIndex(anyCase)));
        require(accept(")"));
        return ahead;
      }
      if (accept("(")) {
        boolean inner = accept("?i:") || (!accept("?:") && plainGroup()) || anyCase;
        Node group = choice(inner);
        require(accept(")"));
        return group;
      }
      return new Leaf(new Take(classIndex(anyCase)));
    }

    /** False; a group of another kind is unsupported. */
    private boolean plainGroup() {
      require(!expression.startsWith("?", at));
      return false;
    }

    private Node repeated(Node node) {
      int least = 1;
      int most = 1;
      if (accept("?")) {
        least = 0;
      } else if (accept("*")) {
        least = 0;
        most = Integer.MAX_VALUE;
      } else if (accept("+")) {
        most = Integer.MAX_VALUE;
      } else if (accept("{")) {
        least = number();
        boolean range = accept(",");
        boolean open = range && expression.startsWith("}", at);
        most = open ? Integer.MAX_VALUE : range ? number() : least;
        require(accept("}") && least <= most);
      } else {
        return node;
      }
      require(at == expression.length() || "?+*{".indexOf(expression.charAt(at)) < 0);
      require(most < Integer.MAX_VALUE || !node.mayBeEmpty());
      return new Repeat(node, least, most);
    }

    private int number() {
      int from = at;
      while (at < expression.length() && Character.isDigit(expression.charAt(at))) {
        at++;
      }
      require(at > from && at - from < 4);
      return Integer.parseInt(expression.substring(from, at));
    }

    private int classIndex(boolean anyCase) {
      int from = at;
      skipClass();
      String text = expression.substring(from, at);
      String named = (anyCase ? "i" : "c") + text;
      int known = classTexts.indexOf(named);
      if (known >= 0) {
        return known;
      }
      require(classTexts.size() < MOST_CLASSES);
      classTexts.add(named);
      int flags = Pattern.UNICODE_CHARACTER_CLASS | (anyCase ? Pattern.CASE_INSENSITIVE : 0);
      classes.add(Pattern.compile(text, flags).asMatchPredicate());
      return classTexts.size() - 1;
    }

    private void skipClass() {
      require(at < expression.length());
      char c = expression.charAt(at++);
      require("^$.?*+{}".indexOf(c) < 0 && !Character.isSurrogate(c));
      if (c == '[') {
        skipBrackets();
      } else if (c == '\\') {
        skipEscape();
      }
    }

    private void skipBrackets() {
      for (int depth = 1; depth > 0; ) {
        require(at < expression.length());
        char c = expression.charAt(at++);
        depth += c == '[' ? 1 : c == ']' ? -1 : 0;
        if (c == '\\') {
          skipEscape();
        }
      }
    }

    /** One letter that stands for a class or a character, a property in braces, or a sign. */
    private void skipEscape() {
      require(at < expression.length());
      char c = expression.charAt(at++);
      if (c == 'p' || c == 'P') {
        int end = expression.indexOf('}', at);
        require(accept("{") && end > 0);
        at = end + 1;
      } else {
        require(!Character.isLetterOrDigit(c) || "rntfsSdDwW".indexOf(c) >= 0);
      }
    }

    private void emit(Node node) {
      require(instructions.size() < MOST_INSTRUCTIONS);
      if (node instanceof Leaf leaf) {
        instructions.add(leaf.instruction());
      } else if (node instanceof Sequence sequence) {
        sequence.parts().forEach(this::emit);
      } else if (node instanceof Choice choice) {
        emitChoice(choice.ways());
      } else if (node instanceof Repeat repeat) {
        emitRepeat(repeat);
      }
    }

    private void emitChoice(List<Node> ways) {
      if (ways.size() == 1) {
        emit(ways.get(0));
        return;
      }
      int fork = reserve();
      emit(ways.get(0));
      int leave = reserve();
      instructions.set(fork, new Fork(fork + 1, instructions.size()));
      emitChoice(ways.subList(1, ways.size()));
      instructions.set(leave, new Fork(instructions.size(), instructions.size()));
    }

    private void emitRepeat(Repeat repeat) {
      for (int i = 0; i < repeat.least(); i++) {
        emit(repeat.node());
      }
      if (repeat.most() == Integer.MAX_VALUE) {
        int fork = reserve();
        emit(repeat.node());
        instructions.add(new Fork(fork, fork));
        instructions.set(fork, new Fork(fork + 1, instructions.size()));
        return;
      }
      List<Integer> forks = new ArrayList<>();
      for (int i = repeat.least(); i < repeat.most(); i++) {
        forks.add(reserve());
        emit(repeat.node());
      }
      for (int fork : forks) {
        instructions.set(fork, new Fork(fork + 1, instructions.size()));
      }
    }

    private int reserve() {
      instructions.add(new Match());
      return instructions.size() - 1;
    }
  }

  private sealed interface Node {
    /** Whether it may be passed without a character. */
    boolean mayBeEmpty();
  }

  private record Leaf(Instruction instruction) implements Node {
    @Override
    public boolean mayBeEmpty() {
      return instruction instanceof LookPast;
    }
  }

  private record Sequence(ImmutableList<Node> parts) implements Node {
    @Override
    public boolean mayBeEmpty() {
      return parts.stream().allMatch(Node::mayBeEmpty);
    }
  }

  private record Choice(ImmutableList<Node> ways) implements Node {
    @Override
    public boolean mayBeEmpty() {
      return ways.stream().anyMatch(Node::mayBeEmpty);
    }
  }

  private record Repeat(Node node, int least, int most) implements Node {
    @Override
    public boolean mayBeEmpty() {
      return least == 0 || node.mayBeEmpty();
    }
  }
}
