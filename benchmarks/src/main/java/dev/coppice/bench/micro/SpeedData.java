package dev.coppice.bench.micro;

import com.google.common.hash.Hasher;
import com.google.common.hash.Hashing;
import com.google.common.io.MoreFiles;
import com.google.common.io.RecursiveDeleteOption;
import dev.coppice.moe.text.Tokenizer;
import dev.coppice.train.data.DataPath;
import dev.coppice.train.data.Preparation;
import dev.coppice.train.data.TrainingData;
import dev.coppice.train.data.batch.BatchSource;
import dev.coppice.train.data.folder.TextFolder;
import dev.coppice.train.data.reading.DataReading;
import dev.coppice.train.data.text.TextDocument;
import dev.coppice.train.data.token.PreparationProgress;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.OptionalDouble;

/**
 * How fast text becomes tokens and tokens become batches on this machine.
 *
 * <p>Text is found (read and hashed once), then tokenised into a new file, which is made durable;
 * beside it stands how fast the machine does nothing but hash 256 MiB on one thread. Batches of 8
 * windows of 256 tokens are drawn in a run's order, with document masks.
 */
public final class SpeedData {
  private static final int BATCH = 8;
  private static final int SEQUENCE = 256;
  private static final int HASHED = 1 << 28;
  private static final double MEGABYTE = 1e6;

  private SpeedData() {}

  /**
   * Measurements.
   *
   * @param textBytes bytes of text
   * @param tokens made of it
   * @param findSeconds to find, read and hash the text
   * @param tokenizeSeconds to find and tokenise it, and to make the tokens durable
   * @param hashBytesPerSecond SHA-256 of memory on one thread
   * @param batchTokensPerSecond tokens drawn in batches a second, on one thread
   * @param threads that tokenise
   */
  public record Result(
      long textBytes,
      long tokens,
      double findSeconds,
      double tokenizeSeconds,
      double hashBytesPerSecond,
      double batchTokensPerSecond,
      int threads) {

    /** Bytes of text tokenised a second, all in. */
    public double tokenizeBytesPerSecond() {
      return textBytes / tokenizeSeconds;
    }

    /**
     * Share of a step that goes into drawing its batch, if nothing is drawn ahead.
     *
     * @param tokensPerSecond of training
     */
    public double stepShare(double tokensPerSecond) {
      return tokensPerSecond / batchTokensPerSecond;
    }

    /**
     * Two lines for people.
     *
     * @param tokensPerSecond of training
     */
    public String text(double tokensPerSecond) {
      return String.format(
          Locale.ROOT,
          "tokenise  %.1f MB/s on %d threads (%.1f MB to %d tokens in %.2f s; found in %.2f s;"
              + " SHA-256 alone %.0f MB/s)%n"
              + "batches   %.0f tokens/s, %.3f %% of a step at %.0f tokens/s",
          tokenizeBytesPerSecond() / MEGABYTE,
          threads,
          textBytes / MEGABYTE,
          tokens,
          tokenizeSeconds,
          findSeconds,
          hashBytesPerSecond / MEGABYTE,
          batchTokensPerSecond,
          100 * stepShare(tokensPerSecond),
          tokensPerSecond);
    }
  }

  /**
   * Measures.
   *
   * @param text folder, file or archive
   * @param tokenizer what reads it
   * @param work an existing folder for the tokens, which are deleted
   * @param batches how many are drawn
   */
  public static Result measure(Path text, Tokenizer tokenizer, Path work, int batches)
      throws IOException {
    long started = System.nanoTime();
    long bytes = TextFolder.find(List.of(text)).stream().mapToLong(TextDocument::bytes).sum();
    final double findSeconds = since(started);
    Path folder = Files.createTempDirectory(work, "coppice-speed-data-");
    try {
      started = System.nanoTime();
      DataPath path = new DataPath(text, OptionalDouble.empty());
      try (TrainingData data =
          new Preparation(DataReading.plain(), tokenizer, PreparationProgress.NONE)
              .prepare(List.of(path), Optional.empty(), folder.resolve("run"))) {
        double tokenizeSeconds = since(started);
        return new Result(
            bytes,
            data.tokenCount(),
            findSeconds,
            tokenizeSeconds,
            hashRate(),
            batchRate(data.batches(SEQUENCE, 0, true), batches),
            Runtime.getRuntime().availableProcessors());
      }
    } finally {
      MoreFiles.deleteRecursively(folder, RecursiveDeleteOption.ALLOW_INSECURE);
    }
  }

  private static double batchRate(BatchSource source, int batches) {
    long labels = draw(source, 0, batches);
    long started = System.nanoTime();
    labels += draw(source, (long) batches * BATCH, batches);
    double seconds = since(started);
    return labels > 0 ? (double) batches * BATCH * SEQUENCE / seconds : 0;
  }

  private static long draw(BatchSource source, long from, int batches) {
    long seen = 0;
    for (int i = 0; i < batches; i++) {
      seen += source.batch(from + (long) i * BATCH, BATCH).ids().length;
    }
    return seen;
  }

  private static double hashRate() {
    byte[] memory = new byte[1 << 20];
    Hasher hasher = Hashing.sha256().newHasher();
    long started = System.nanoTime();
    for (int done = 0; done < HASHED; done += memory.length) {
      hasher.putBytes(memory);
    }
    return hasher.hash().bits() > 0 ? HASHED / since(started) : 0;
  }

  private static double since(long started) {
    return (System.nanoTime() - started) / 1e9;
  }
}
