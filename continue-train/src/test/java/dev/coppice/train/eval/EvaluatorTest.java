package dev.coppice.train.eval;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import dev.coppice.moe.model.TokenBatch;
import dev.coppice.moe.model.TokenScores;
import dev.coppice.moe.random.KeyedHash;
import dev.coppice.moe.text.TextPieces;
import dev.coppice.moe.text.Tokenizer;
import dev.coppice.train.data.encode.MissingTokenizer;
import dev.coppice.train.data.encode.TokenBytes;
import dev.coppice.train.data.token.TestTokens;
import dev.coppice.train.data.token.TokenFile;
import java.io.IOException;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Iterator;
import java.util.List;
import java.util.OptionalInt;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class EvaluatorTest {
  @TempDir Path folder;

  /** Loss of a token is a tenth of its label; right where the label is even. */
  private static TokenScores tenths(TokenBatch batch) {
    float[] losses = new float[batch.labels().length];
    boolean[] correct = new boolean[losses.length];
    for (int i = 0; i < losses.length; i++) {
      int label = batch.labels()[i];
      losses[i] = label < 0 ? 0 : label / 10f;
      correct[i] = label >= 0 && label % 2 == 0;
    }
    return new TokenScores(losses, correct);
  }

  private EvalReport judge(EvalSpec spec, List<int[]> documents) throws IOException {
    try (TokenFile file =
        TestTokens.write(folder.resolve("t" + System.nanoTime()), 100, documents)) {
      return Evaluator.scoreAll(EvaluatorTest::tenths, HeldOutText.ofBytes(file), spec, share -> {})
          .report();
    }
  }

  @Test
  void averagesOverTokensThatHaveOneBeforeThem() throws IOException {
    // of (9, 1, 2) and (50, 3, 4, 6) neither 9 nor 50 is foretold
    List<int[]> documents = List.of(new int[] {9, 1, 2}, new int[] {50, 3, 4, 6});
    for (int sequence : new int[] {1, 2, 3, 4, 6, 100}) {
      EvalReport report = judge(EvalSpec.all(2, sequence), documents);
      assertThat(report.tokens()).isEqualTo(5);
      assertThat(report.loss()).isCloseTo(1.6 / 5, within(1e-7));
      assertThat(report.accuracy()).isEqualTo(3.0 / 5);
      assertThat(report.bitsPerByte()).isCloseTo(1.6 / 5 / Math.log(2), within(1e-7));
      assertThat(report.resampled()).isEqualTo("windows");
    }
  }

  @Test
  void readsTheFirstWindowsOnly() throws IOException {
    List<int[]> documents = List.of(IntStream.range(0, 50).toArray());
    EvalReport report = judge(new EvalSpec(3, 10, 2, true, 1000, 0), documents);
    assertThat(report.windows()).isEqualTo(2);
    assertThat(report.tokens()).isEqualTo(20);
    assertThat(report.loss()).isCloseTo(IntStream.rangeClosed(1, 20).sum() / 200.0, within(1e-6));
  }

  @Test
  void doesNotDependOnTheBatch() throws IOException {
    List<int[]> documents =
        IntStream.range(0, 30)
            .mapToObj(d -> IntStream.range(0, 20).map(i -> (d * 7 + i * 3) % 100).toArray())
            .toList();
    EvalReport one = judge(EvalSpec.all(1, 8), documents);
    EvalReport many = judge(EvalSpec.all(64, 8), documents);
    assertThat(many).isEqualTo(one);
    assertThat(one.resampled()).isEqualTo("documents");
    assertThat(one.units()).isEqualTo(30);
    assertThat(one.loss()).isBetween(one.intervalLow(), one.intervalHigh());
  }

  @Test
  void coversTheTrueMeanAboutNineteenTimesOfTwenty() {
    // 400 samples of 40 documents whose mean loss is uniform on [0, 1]: the true mean is one half
    int covered = 0;
    for (int sample = 0; sample < 400; sample++) {
      double[] sums = new double[40];
      long[] counts = new long[40];
      for (int d = 0; d < sums.length; d++) {
        counts[d] = 10 + KeyedHash.below(KeyedHash.of(sample, d, 1), 10);
        sums[d] = counts[d] * ((KeyedHash.of(sample, d, 2) >>> 11) * 0x1p-53);
      }
      double[] interval = new Bootstrap(sums, counts).interval(400, sample);
      covered += interval[0] <= 0.5 && 0.5 <= interval[1] ? 1 : 0;
    }
    assertThat(covered).isBetween(360, 394);
  }

  @Test
  void comparesTwoModelsByTheSameText() throws IOException {
    List<int[]> documents =
        IntStream.range(0, 30)
            .mapToObj(d -> IntStream.range(0, 20).map(i -> (d * 7 + i * 3) % 100).toArray())
            .toList();
    try (TokenFile file = TestTokens.write(folder.resolve("t"), 100, documents)) {
      EvalSpec spec = EvalSpec.all(4, 8);
      HeldOutScores one =
          Evaluator.scoreAll(EvaluatorTest::tenths, HeldOutText.ofBytes(file), spec, share -> {});
      HeldOutScores worse =
          Evaluator.scoreAll(
              batch -> plus(tenths(batch), 0.5f), HeldOutText.ofBytes(file), spec, share -> {});
      // every token is worse by as much, so the interval of the difference has no width
      assertThat(worse.differenceInterval(one)[0]).isCloseTo(0.5, within(1e-5));
      assertThat(worse.differenceInterval(one)[1]).isCloseTo(0.5, within(1e-5));
      HeldOutScores other =
          Evaluator.scoreAll(
              EvaluatorTest::tenths, HeldOutText.ofBytes(file), EvalSpec.all(4, 9), share -> {});
      assertThatThrownBy(() -> one.differenceInterval(other))
          .hasMessageStartingWith(
              "models must be evaluated on the same text with the same settings");
    }
  }

  private static TokenScores plus(TokenScores scores, float more) {
    float[] losses = scores.losses().clone();
    for (int i = 0; i < losses.length; i++) {
      losses[i] += more;
    }
    return new TokenScores(losses, scores.correct());
  }

  @Test
  void refusesTextWithoutATokenToForetell() {
    assertThatThrownBy(() -> judge(EvalSpec.all(2, 4), List.of(new int[] {5}, new int[] {6})))
        .hasMessage("held-out text must have a token to foretell, got none");
  }

  /** Loss of a token is the number of tokens that it sees. */
  private static TokenScores sights(TokenBatch batch) {
    float[] losses = new float[batch.labels().length];
    int start = 0;
    Iterator<Integer> segments = batch.segments().iterator();
    int end = batch.segments().isEmpty() ? batch.sequence() : segments.next();
    for (int i = 0; i < losses.length; i++) {
      if (i == end) {
        start = i;
        end = batch.segments().isEmpty() ? i + batch.sequence() : i + segments.next();
      }
      losses[i] = batch.labels()[i] < 0 ? 0 : i - start + 1;
    }
    return new TokenScores(losses, new boolean[losses.length]);
  }

  @Test
  void documentsSeeOnlyThemselvesUnlessTheMaskIsLeftOut() throws IOException {
    List<int[]> documents = List.of(new int[] {1, 2, 3}, new int[] {4, 5, 6, 7});
    try (TokenFile file = TestTokens.write(folder.resolve("t"), 100, documents)) {
      HeldOutText text = HeldOutText.ofBytes(file);
      EvalSpec masked = EvalSpec.all(1, 7);
      EvalReport one = Evaluator.scoreAll(EvaluatorTest::sights, text, masked, s -> {}).report();
      // 1 + 2 in the first, 1 + 2 + 3 in the second; without a mask 1 + 2, and 4 + 5 + 6
      assertThat(one.loss()).isCloseTo(9.0 / 5, within(1e-9));
      assertThat(one.documentMask()).isTrue();
      EvalSpec plain = masked.withDocumentMask(false);
      EvalReport all = Evaluator.scoreAll(EvaluatorTest::sights, text, plain, s -> {}).report();
      assertThat(all.loss()).isCloseTo(18.0 / 5, within(1e-9));
      assertThat(all.documentMask()).isFalse();
    }
  }

  /** An id stands for as many bytes as it is large. */
  private static Tokenizer asLongAsLarge() {
    return new Tokenizer() {
      @Override
      public String name() {
        return "large";
      }

      @Override
      public int vocabularySize() {
        return 100;
      }

      @Override
      public TextPieces.Cuts cuts() {
        return TextPieces.Cuts.NOWHERE;
      }

      @Override
      public int[] encodePiece(String piece) {
        throw new UnsupportedOperationException();
      }

      @Override
      public int[] encode(String prompt) {
        throw new UnsupportedOperationException();
      }

      @Override
      public String decode(int... ids) {
        return "x".repeat(Arrays.stream(ids).sum());
      }
    };
  }

  @Test
  void bitsPerByteAreOfTheBytesThatWereScored() throws IOException {
    // 9 ends documents; it is also a word of 9 bytes where it stands elsewhere
    List<int[]> documents = List.of(new int[] {50, 3, 9, 4, 9}, new int[] {60, 2, 9});
    try (TokenFile file = TestTokens.write(folder.resolve("t"), 100, documents)) {
      HeldOutText text = new HeldOutText(file, TokenBytes.of(asLongAsLarge()), OptionalInt.of(9));
      EvalReport all = bits(text, EvalSpec.all(2, 3));
      // the ends have a loss and no bytes; the first token of a document has neither
      assertThat(all.tokens()).isEqualTo(6);
      assertThat(all.bytes()).isEqualTo(3 + 9 + 4 + 2);
      double nats = 0.3 + 0.9 + 0.4 + 0.9 + 0.2 + 0.9;
      assertThat(all.bitsPerByte()).isCloseTo(nats / Math.log(2) / 18, within(1e-6));
      // tokens 1..3 of the first window
      EvalReport part = bits(text, new EvalSpec(2, 3, 1, true, 1000, 0));
      assertThat(part.bytes()).isEqualTo(3 + 9 + 4);
      assertThat(part.bitsPerByte()).isCloseTo(1.6 / Math.log(2) / 16, within(1e-6));
    }
  }

  private static EvalReport bits(HeldOutText text, EvalSpec spec) {
    return Evaluator.scoreAll(EvaluatorTest::tenths, text, spec, share -> {}).report();
  }

  @Test
  void bitsPerByteAreNotKnownWhereIdsAreNoBytesAndThereIsNoTokenizer() throws IOException {
    List<int[]> documents = List.of(new int[] {1, 300, 2});
    try (TokenFile file = TestTokens.write(folder.resolve("t"), 1000, documents)) {
      EvalReport report = bits(HeldOutText.ofBytes(file), EvalSpec.all(1, 8));
      assertThat(report.bytes()).isNull();
      assertThat(report.bitsPerByte()).isNull();
      assertThat(report.loss()).isPositive();
    }
    try (TokenFile file =
        TestTokens.write(folder.resolve("small"), 1000, List.of(new int[] {1, 2, 3}))) {
      TokenBytes bytes = TokenBytes.of(new MissingTokenizer(1000, "no tokenizer"));
      EvalReport report =
          bits(new HeldOutText(file, bytes, OptionalInt.empty()), EvalSpec.all(1, 8));
      assertThat(report.bytes()).isNull();
    }
  }
}
