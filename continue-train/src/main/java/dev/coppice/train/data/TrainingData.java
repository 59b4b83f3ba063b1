package dev.coppice.train.data;

import static com.google.common.base.Preconditions.checkArgument;

import com.google.common.collect.ImmutableList;
import com.google.common.hash.Hashing;
import dev.coppice.moe.CoppiceException;
import dev.coppice.moe.ErrorKind;
import dev.coppice.train.data.batch.BatchSource;
import dev.coppice.train.data.batch.MixedBatches;
import dev.coppice.train.data.batch.Mixture;
import dev.coppice.train.data.batch.TokenWindows;
import dev.coppice.train.data.reading.DocumentEnd;
import dev.coppice.train.data.token.TokenSequence;
import java.io.Closeable;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/** The training data of a run: parts of a mixture, each with its weight. */
public final class TrainingData implements Closeable {
  private final ImmutableList<Part> parts;
  private final Optional<DataRecord> read;
  private final Optional<DataSpec.Ends> documentEnd;

  private TrainingData(
      List<Part> parts, Optional<DataRecord> read, Optional<DataSpec.Ends> documentEnd) {
    checkArgument(!parts.isEmpty(), "training data must have a part, got none");
    this.parts = ImmutableList.copyOf(parts);
    this.read = read;
    this.documentEnd = documentEnd;
  }

  /**
   * A part.
   *
   * @param spec of it, with absolute paths
   * @param tokens of it, without what is held out
   */
  record Part(PartSpec spec, TokenSequence tokens) {}

  /**
   * One token file as the whole data.
   *
   * @param tokens closed with the data
   */
  public static TrainingData of(TokenSequence tokens) {
    PartSpec spec = new PartSpec(1, List.of(SourceSpec.of(tokens)), null);
    return new TrainingData(List.of(new Part(spec, tokens)), Optional.empty(), Optional.empty());
  }

  /** Data of some parts, where it came from, and what ended its documents. */
  static TrainingData of(List<Part> parts, DataRecord read, DocumentEnd documentEnd) {
    return new TrainingData(parts, Optional.of(read), Optional.of(DataSpec.Ends.of(documentEnd)));
  }

  /**
   * Opens the data of a run and reads it through once, to be sure that it is the same.
   *
   * @param spec as {@link #spec} gave it
   * @param runFolder folder of the run
   * @throws CoppiceException when it is not the same
   * @throws IOException when it cannot be read
   */
  public static TrainingData open(DataSpec spec, Path runFolder) throws IOException {
    List<Part> parts = new ArrayList<>();
    for (PartSpec each : spec.parts()) {
      PartSpec part = each.from(runFolder);
      parts.add(new Part(part, part.open()));
    }
    TrainingData data =
        new TrainingData(
            parts, Optional.ofNullable(spec.read()), Optional.ofNullable(spec.documentEnd()));
    if (!data.fingerprint().equals(spec.sha256())) {
      throw new CoppiceException(
          ErrorKind.INTEGRITY,
          "data of the run must have SHA-256 " + spec.sha256() + ", got " + data.fingerprint());
    }
    return data;
  }

  /**
   * What {@link #open} needs to find the data again.
   *
   * @param runFolder folder of the run; what lies in it is named relative to it
   */
  public DataSpec spec(Path runFolder) {
    return new DataSpec(
        fingerprint(),
        tokenCount(),
        parts.stream().map(part -> part.spec().within(runFolder)).toList(),
        read.orElse(null),
        documentEnd.orElse(null));
  }

  /** Where the data came from and how it was read; nothing where token files were handed over. */
  public Optional<DataRecord> read() {
    return read;
  }

  /**
   * The order in which a run draws windows.
   *
   * @param sequence tokens a window, S
   * @param seed of the run
   * @param documentMask whether documents in a window do not see one another
   * @throws CoppiceException when a part does not fill one window
   */
  public BatchSource batches(int sequence, long seed, boolean documentMask) {
    List<TokenWindows> windows = new ArrayList<>();
    for (int i = 0; i < parts.size(); i++) {
      windows.add(MixedBatches.windows(parts.get(i).tokens(), sequence, name(i)));
    }
    List<Double> weights = parts.stream().map(part -> part.spec().weight()).toList();
    return new MixedBatches(windows, Mixture.of(weights), seed, documentMask);
  }

  /**
   * Checks that each part has a token to learn from: one that follows another of its document, in a
   * whole window.
   *
   * @param sequence tokens a window, S
   * @throws CoppiceException when a part has none
   */
  public void checkLabels(int sequence) {
    for (int i = 0; i < parts.size(); i++) {
      TokenSequence tokens = parts.get(i).tokens();
      TokenWindows windows = MixedBatches.windows(tokens, sequence, name(i));
      if (!windows.hasLabel(windows.whole())) {
        throw new CoppiceException(
            ErrorKind.INPUT_INVALID,
            "data must have a token that follows another of its document, got "
                + tokens.documentCount()
                + " documents of one token or none"
                + name(i));
      }
    }
  }

  /** Every token is below. */
  public int vocabularySize() {
    return parts.stream().mapToInt(part -> part.tokens().vocabularySize()).max().orElseThrow();
  }

  /** Tokens of all parts. */
  public long tokenCount() {
    return parts.stream().mapToLong(part -> part.tokens().tokenCount()).sum();
  }

  /** Where the tokens are; the first part's. */
  public Path path() {
    return parts.get(0).tokens().path();
  }

  /** The longest window that every part fills, in tokens. */
  public long longestSequence() {
    return parts.stream().mapToLong(part -> part.tokens().tokenCount()).min().orElseThrow() - 1;
  }

  /** What was given as data, behind a blank and in brackets, where that is known. */
  public String name() {
    return name(0);
  }

  private String name(int part) {
    return read.filter(record -> part < record.parts().size())
        .map(record -> record.parts().get(part).paths())
        .map(paths -> paths.stream().map(PathRecord::given).toList())
        .map(given -> " (" + String.join(", ", given) + ")")
        .orElse("");
  }

  /**
   * A SHA-256 over all that is read and how it is mixed, 64 hexadecimal digits; that of the tokens
   * where they are one part.
   */
  public String fingerprint() {
    if (parts.size() == 1) {
      return parts.get(0).tokens().fingerprint();
    }
    StringBuilder all = new StringBuilder();
    for (Part part : parts) {
      all.append(part.tokens().fingerprint()).append(' ').append(part.spec().weight()).append('\n');
    }
    return Hashing.sha256().hashString(all, StandardCharsets.US_ASCII).toString();
  }

  @Override
  public void close() throws IOException {
    for (Part part : parts) {
      part.tokens().close();
    }
  }
}
