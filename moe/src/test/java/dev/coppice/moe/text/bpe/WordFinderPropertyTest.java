package dev.coppice.moe.text.bpe;

import static org.assertj.core.api.Assertions.assertThat;

import com.google.common.collect.ImmutableList;
import dev.coppice.moe.testing.BytePairTraining.Style;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import net.jqwik.api.Arbitraries;
import net.jqwik.api.Arbitrary;
import net.jqwik.api.Example;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.Provide;

/** The judge is the platform's own backtracking matcher. */
class WordFinderPropertyTest {
  private static final String CHARACTERS = "abcB \n1éÉ's\r🌲世!";

  @Provide
  Arbitrary<String> expressions() {
    Arbitrary<String> small =
        Arbitraries.of("a", "b", "[ab]", "[^a]", "\\s", "\\S", "(?!b)", "(?i:b)", "(?:a|bc)");
    Arbitrary<String> repeated =
        small.flatMap(
            atom ->
                Arbitraries.of("", "?", "*", "+", "{2}", "{1,3}", "{2,}")
                    .map(times -> atom.startsWith("(?!") ? atom : atom + times));
    Arbitrary<String> sequence =
        repeated.list().ofMinSize(1).ofMaxSize(4).map(atoms -> String.join("", atoms));
    Arbitrary<String> group =
        sequence
            .filter(way -> !Pattern.matches(way, ""))
            .list()
            .ofMinSize(1)
            .ofMaxSize(3)
            .map(ways -> "(" + String.join("|", ways) + ")+");
    return Arbitraries.oneOf(sequence, group)
        .list()
        .ofMinSize(1)
        .ofMaxSize(4)
        .map(ways -> String.join("|", ways));
  }

  @Provide
  Arbitrary<String> inUse() {
    return Arbitraries.of(
        Arrays.stream(Style.values())
            .flatMap(style -> style.splits().stream())
            .distinct()
            .toList());
  }

  @Provide
  Arbitrary<String> texts() {
    return Arbitraries.of(
            "a", "b", "c", "B", " ", "\n", "1", "é", "É", "'s", "\r\n", "🌲", "世", "!")
        .list()
        .ofMaxSize(30)
        .map(parts -> String.join("", parts));
  }

  @Property(tries = 3000)
  void anyExpressionFindsWhatTheMatcherFinds(
      @ForAll("expressions") String expression, @ForAll("texts") String text) {
    assertThat(found(expression, text)).isEqualTo(judged(expression, text));
  }

  @Property(tries = 1000)
  void expressionsOfTokenizersFindWhatTheMatcherFinds(
      @ForAll("inUse") String expression, @ForAll("texts") String text) {
    assertThat(found(expression, text)).isEqualTo(judged(expression, text));
  }

  @Example
  void whatIsOutOfTheWayIsNotCompiled() {
    for (String expression :
        ImmutableList.of(
            "a++",
            "a*?",
            "a??",
            "(?=a)",
            "(?<=a)b",
            "(?<n>a)",
            "a(?!bc)",
            "\\ba",
            "^a",
            "a$",
            ".",
            "(a)\\1",
            "(a*)*",
            "(a|(?!b))+",
            "[a",
            "(a",
            "a)",
            "*",
            "a{3,1}",
            "a{",
            "a{,3}",
            "\\",
            "\\p",
            "\\p{Han",
            "🌲",
            "[\\p{NoSuchProperty}]",
            "(?>a)",
            "(?s)a",
            "\\x41",
            "(((a{200}){200}){200})")) {
      assertThat(WordFinder.of(expression)).as(expression).isEmpty();
    }
  }

  private static List<String> found(String expression, String text) {
    WordFinder finder = WordFinder.of(expression, CHARACTERS.codePoints()).orElseThrow();
    List<String> found = new ArrayList<>();
    char[] characters = text.toCharArray();
    for (int at = 0; at < characters.length; ) {
      int end = finder.end(characters, at, characters.length);
      if (end > at) {
        found.add(at + ":" + text.substring(at, end));
      }
      at = Math.max(end, at + Character.charCount(text.codePointAt(at)));
    }
    return found;
  }

  private static List<String> judged(String expression, String text) {
    Matcher matcher = Pattern.compile(expression, Pattern.UNICODE_CHARACTER_CLASS).matcher(text);
    return Stream.iterate(matcher.find(), more -> more, more -> matcher.find())
        .filter(more -> matcher.end() > matcher.start())
        .map(more -> matcher.start() + ":" + matcher.group())
        .toList();
  }
}
