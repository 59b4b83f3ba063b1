package dev.coppice.train.eval;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import com.google.common.collect.ImmutableList;
import dev.coppice.moe.CoppiceException;
import dev.coppice.moe.model.TokenBatch;
import dev.coppice.moe.model.TokenScores;
import dev.coppice.moe.text.ByteTokenizer;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ChoiceScorerTest {
  @TempDir Path folder;

  private final List<TokenBatch> seen = Collections.synchronizedList(new ArrayList<>());

  /** A letter costs its place in the alphabet; any other byte costs 100. */
  private TokenScores byLetter(TokenBatch batch) {
    seen.add(batch);
    float[] losses = new float[batch.labels().length];
    for (int i = 0; i < losses.length; i++) {
      int label = batch.labels()[i];
      boolean letter = label >= 'a' && label <= 'z';
      losses[i] = label < 0 ? 0 : letter ? label - 'a' + 1 : 100;
    }
    return new TokenScores(losses, new boolean[losses.length]);
  }

  private ChoiceReport judge(int positions, int batch, ChoiceQuestion... questions) {
    EvalSpec spec = new EvalSpec(batch, 256, Long.MAX_VALUE, true, 1000, 7);
    ChoiceTask task = new ChoiceTask("letters", ImmutableList.copyOf(questions));
    return new ChoiceScorer(this::byLetter, new ByteTokenizer(), positions, spec)
        .score(task, share -> {});
  }

  private static ChoiceQuestion question(String context, int answer, String... choices) {
    return new ChoiceQuestion(context, ImmutableList.copyOf(choices), answer);
  }

  @Test
  void sumsOverTheChoiceAndDividesByItsBytes() {
    // sums 4 and 3; a byte 4 and 1: the second either way
    ChoiceQuestion second = question("X", 1, "d", "aaa");
    // sums 4 and 5; a byte 4 and 1: the first by the sum, the second by the byte
    ChoiceQuestion either = question("X", 0, "d", "aaaaa");
    ChoiceReport report = judge(64, 8, second, either, either, either);
    assertThat(report.questions()).isEqualTo(4);
    assertThat(report.accuracy()).isEqualTo(1);
    assertThat(report.accuracyLow()).isEqualTo(1);
    assertThat(report.accuracyHigh()).isEqualTo(1);
    assertThat(report.normalizedAccuracy()).isEqualTo(0.25);
    assertThat(report.normalizedLow()).isZero();
    assertThat(report.normalizedHigh()).isBetween(0.5, 0.75);
  }

  @Test
  void takesTheFirstOfEqualChoices() {
    assertThat(judge(64, 8, question("X", 0, "ab", "ba")).accuracy()).isEqualTo(1);
    assertThat(judge(64, 8, question("X", 1, "ab", "ba")).accuracy()).isZero();
  }

  @Test
  void countsNothingOfTheContext() {
    // a context of dear letters changes nothing
    assertThat(judge(64, 8, question("zzzz!", 1, "c", "b")).accuracy()).isEqualTo(1);
    for (TokenBatch batch : seen) {
      assertThat(Arrays.stream(batch.labels()).filter(label -> label >= 0)).hasSize(batch.batch());
      assertThat(batch.sequence()).isEqualTo(5);
    }
  }

  @Test
  void countsBytesNotCharacters() {
    // 100 a byte: two bytes of one letter cost 200, but 100 a byte
    ChoiceReport report = judge(64, 8, question("X", 0, "é", "aé"));
    assertThat(report.accuracy()).isEqualTo(1);
    assertThat(report.normalizedAccuracy()).isZero();
  }

  @Test
  void doesNotDependOnTheBatchAndNeverPads() {
    ChoiceQuestion[] questions = new ChoiceQuestion[30];
    for (int i = 0; i < questions.length; i++) {
      String choice = Character.toString('a' + i % 5).repeat(1 + i % 4);
      questions[i] = question("x".repeat(1 + i % 3), i % 2, choice, "bb", "c");
    }
    ChoiceReport one = judge(64, 1, questions);
    seen.clear();
    assertThat(judge(64, 64, questions)).isEqualTo(one);
    assertThat(seen).hasSizeLessThan(8);
    assertThat(seen.stream().mapToInt(TokenBatch::batch).sum()).isEqualTo(90);
    assertThat(one.accuracy()).isCloseTo(one.accuracyLow(), within(0.25));
    assertThat(one.accuracyLow()).isLessThan(one.accuracy());
    assertThat(one.accuracyHigh()).isGreaterThan(one.accuracy());
  }

  @Test
  void dropsTheBeginningOfWhatIsTooLong() {
    assertThat(judge(4, 8, question("zzzzzzzzz", 1, "cc", "ba")).accuracy()).isEqualTo(1);
    TokenBatch batch = seen.get(0);
    assertThat(batch.sequence()).isEqualTo(4);
    assertThat(batch.ids()).startsWith('z', 'z', 'z', 'c');
    assertThat(batch.labels()).startsWith(TokenBatch.IGNORED, TokenBatch.IGNORED, 'c', 'c');
  }

  @Test
  void refusesChoicesThatCannotBeScored() {
    assertThatThrownBy(() -> judge(64, 8, question("", 0, "a", "b")))
        .isInstanceOf(CoppiceException.class)
        .hasMessageContaining("tokens of its own after one of the context")
        .hasMessageContaining("got 1 of 1 (question 1, choice 1)");
    assertThatThrownBy(() -> judge(3, 8, question("x", 0, "a", "abcd")))
        .hasMessageContaining("fit the model's 3 positions, got 4 of 5 (question 1, choice 2)");
  }

  private ChoiceTask read(String text) throws IOException {
    Path file = folder.resolve("colours.jsonl");
    Files.writeString(file, text);
    return ChoiceTask.read(file);
  }

  @Test
  void readsLines() throws IOException {
    String line = "{\"context\": \"sky:\", \"choices\": [\" blue\", \" red\"], \"answer\": 1, ";
    ChoiceTask task = read(line + "\"id\": 3}\n\n" + line + "\"id\": 4}\n");
    assertThat(task.name()).isEqualTo("colours");
    ChoiceQuestion expected = question("sky:", 1, " blue", " red");
    assertThat(task.questions()).containsExactly(expected, expected);
  }

  @Test
  void namesTheLineThatIsWrong() {
    String good = "{\"context\": \"a\", \"choices\": [\"b\", \"c\"], \"answer\": 0}\n";
    assertBad(good + "{\"context\": \"a\"", "JSON object");
    assertBad(good + "[1]", "context must be a string, got none");
    assertBad(good + good.replace("[\"b\", \"c\"]", "\"bc\""), "choices must be a list");
    assertBad(good + good.replace("\"c\"", "3"), "choice must be a string, got 3");
    assertBad(good + good.replace(", \"c\"", ""), "choices must be two or more, got 1");
    assertBad(good + good.replace("\"c\"", "\"\""), "choices must not be empty");
    assertBad(good + good.replace(": 0", ": 2"), "answer must lie in 0..1, got 2");
    assertBad(good + good.replace(": 0", ": 0.5"), "answer must be a whole number, got 0.5");
    assertThatThrownBy(() -> read("\n")).hasMessageContaining("must have a question, got none");
    assertThatThrownBy(() -> ChoiceTask.read(folder.resolve("none")))
        .isInstanceOf(CoppiceException.class)
        .hasMessageContaining("task must be a file of JSON lines, got none");
  }

  private void assertBad(String text, String message) {
    assertThatThrownBy(() -> read(text))
        .isInstanceOf(CoppiceException.class)
        .hasMessageContaining(message)
        .hasMessageContaining("colours.jsonl, line 2)");
  }
}
