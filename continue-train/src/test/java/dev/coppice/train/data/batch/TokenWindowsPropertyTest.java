package dev.coppice.train.data.batch;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.coppice.moe.io.Folders;
import dev.coppice.moe.model.TokenBatch;
import dev.coppice.train.data.token.TestTokens;
import dev.coppice.train.data.token.TokenFile;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.stream.LongStream;
import net.jqwik.api.Example;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;
import net.jqwik.api.constraints.Size;

class TokenWindowsPropertyTest {
  private static final int VOCABULARY = 1000;

  /** Documents whose tokens count on from 0, so that a token's value is its place. */
  private static List<int[]> countingDocuments(List<Integer> lengths) {
    List<int[]> documents = new ArrayList<>();
    int next = 0;
    for (int length : lengths) {
      int[] document = new int[length];
      for (int i = 0; i < length; i++) {
        document[i] = next++;
      }
      documents.add(document);
    }
    return documents;
  }

  private static boolean startsDocument(List<Integer> lengths, int token) {
    int start = 0;
    for (int length : lengths) {
      if (length > 0 && token == start) {
        return true;
      }
      start += length;
    }
    return token == start;
  }

  @Property(tries = 100)
  void labelsAreTheNextTokensOfTheDocument(
      @ForAll @Size(min = 1, max = 8) List<@IntRange(max = 30) Integer> lengths,
      @ForAll @IntRange(min = 1, max = 40) int sequence)
      throws IOException {
    Path folder = Files.createTempDirectory("windows");
    List<Integer> filled = new ArrayList<>(lengths);
    filled.add(2);
    int count = filled.stream().mapToInt(Integer::intValue).sum();
    try (TokenFile file =
        TestTokens.write(folder.resolve("t"), VOCABULARY, countingDocuments(filled))) {
      TokenWindows windows = new TokenWindows(file, sequence);
      assertThat(windows.whole()).isEqualTo((count - 1) / sequence);
      TokenBatch batch = windows.read(LongStream.range(0, windows.covering()).toArray(), false);
      assertThat(batch.ids()).hasSize((int) windows.covering() * sequence);
      assertThat(batch.ids().length).isGreaterThanOrEqualTo(count - 1);
      for (int i = 0; i < batch.ids().length; i++) {
        assertThat(batch.ids()[i]).isEqualTo(i < count ? i : 0);
        boolean ignored = i >= count - 1 || startsDocument(filled, i + 1);
        assertThat(batch.labels()[i]).isEqualTo(ignored ? TokenBatch.IGNORED : i + 1);
      }
    } finally {
      Folders.delete(folder);
    }
  }

  @Property(tries = 50)
  void aPassDrawsEachWindowOnceAndTheNextInAnotherOrder(
      @ForAll @IntRange(min = 30, max = 400) int tokens,
      @ForAll @IntRange(min = 1, max = 10) int sequence,
      @ForAll long seed)
      throws IOException {
    Path folder = Files.createTempDirectory("windows");
    try (TokenFile file =
        TestTokens.write(folder.resolve("t"), VOCABULARY, countingDocuments(List.of(tokens)))) {
      BatchSource source = BatchSource.of(file, sequence, seed);
      int pass = (int) source.windowsPerPass();
      int[] first = starts(source.batch(0, pass));
      int[] second = starts(source.batch(pass, pass));
      int[] all = new TokenWindows(file, sequence).read(range(pass), false).ids();
      assertThat(sorted(first)).isEqualTo(sorted(starts(all, sequence)));
      assertThat(sorted(second)).isEqualTo(sorted(first));
      if (pass > 20) {
        assertThat(second).isNotEqualTo(first);
      }
      assertThat(source.batch(3, 5).ids())
          .isEqualTo(Arrays.copyOfRange(source.batch(0, 8).ids(), 3 * sequence, 8 * sequence));
    } finally {
      Folders.delete(folder);
    }
  }

  private static long[] range(int count) {
    return LongStream.range(0, count).toArray();
  }

  private static int[] starts(TokenBatch batch) {
    return starts(batch.ids(), batch.sequence());
  }

  private static int[] starts(int[] ids, int sequence) {
    int[] starts = new int[ids.length / sequence];
    Arrays.setAll(starts, i -> ids[i * sequence]);
    return starts;
  }

  private static int[] sorted(int[] values) {
    int[] copy = values.clone();
    Arrays.sort(copy);
    return copy;
  }

  @Example
  void refusesDataShorterThanAWindow() throws IOException {
    Path folder = Files.createTempDirectory("windows");
    try (TokenFile file =
        TestTokens.write(folder.resolve("t"), VOCABULARY, countingDocuments(List.of(8)))) {
      assertThatThrownBy(() -> BatchSource.of(file, 8, 0))
          .hasMessage("data must have at least 9 tokens for one window, got 8");
    } finally {
      Folders.delete(folder);
    }
  }
}
