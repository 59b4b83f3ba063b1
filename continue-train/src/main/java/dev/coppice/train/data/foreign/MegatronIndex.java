package dev.coppice.train.data.foreign;

import dev.coppice.moe.io.Hashes;
import dev.coppice.train.data.token.MappedFile;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;

/**
 * The {@code .idx} of a Megatron data set: the sequences in its {@code .bin}, and which begin a
 * document.
 *
 * <pre>
 * "MMIDIDX\0\0", u64 version 1, u8 token type, u64 sequences N, u64 document numbers M
 * i32 x N lengths in tokens, i64 x N places in bytes, i64 x M first sequence of each document, N
 * </pre>
 *
 * <p><b>Source</b>: Megatron-LM, megatron/core/datasets/indexed_dataset.py.
 */
public final class MegatronIndex {
  private static final byte[] MAGIC = "MMIDIDX\0\0".getBytes(StandardCharsets.US_ASCII);
  private static final int HEADER = 34;

  private final Path path;
  private final MappedFile bytes;
  private final TokenType type;
  private final long sequences;
  private final long numbers;

  private MegatronIndex(Path path, MappedFile bytes) {
    this.path = path;
    this.bytes = bytes;
    check(bytes.size() >= HEADER && hasMagic(bytes), "must begin with MMIDIDX");
    long version = bytes.i64(9);
    check(version == 1, "must have version 1, got " + version);
    int code = bytes.u8(17);
    Optional<TokenType> known = TokenType.ofMegatron(code);
    check(known.isPresent(), "must have integer tokens (code 1 to 5 or 8), got code " + code);
    this.type = known.orElseThrow();
    this.sequences = bytes.i64(18);
    this.numbers = bytes.i64(26);
    long most = bytes.size() / Integer.BYTES;
    check(sequences > 0 && sequences <= most, "must have 1 or more sequences, got " + sequences);
    check(numbers > 1 && numbers <= most, "must have 2 or more numbers, got " + numbers);
    long size = HEADER + 12 * sequences + 8 * numbers;
    check(bytes.size() == size, "must have " + size + " bytes, got " + bytes.size());
  }

  /**
   * Reads and checks an index.
   *
   * @param path of the {@code .idx}
   * @param binBytes length of the {@code .bin}
   */
  static MegatronIndex open(Path path, long binBytes) throws IOException {
    MegatronIndex index = new MegatronIndex(path, MappedFile.open(path));
    index.checkSequences(binBytes);
    index.checkDocuments();
    return index;
  }

  /** Whether a file begins as an index does. */
  public static boolean isIndex(Path file) throws IOException {
    return Files.isRegularFile(file)
        && Files.size(file) >= HEADER
        && hasMagic(MappedFile.open(file));
  }

  private static boolean hasMagic(MappedFile bytes) {
    for (int i = 0; i < MAGIC.length; i++) {
      if (bytes.u8(i) != MAGIC[i]) {
        return false;
      }
    }
    return true;
  }

  private void checkSequences(long binBytes) {
    long at = 0;
    for (long s = 0; s < sequences; s++) {
      long length = bytes.i32(HEADER + 4 * s);
      check(length >= 0, "must have lengths of 0 or more, got " + length + " of sequence " + s);
      long place = place(s);
      check(
          place == at,
          "must have sequence " + s + " at byte " + at + ", behind the one before, got " + place);
      at += length * type.width();
    }
    check(at == binBytes, "must have sequences of " + binBytes + " bytes, got " + at);
  }

  private void checkDocuments() {
    check(number(0) == 0, "must begin its documents with sequence 0, got " + number(0));
    for (long d = 1; d < numbers; d++) {
      check(
          number(d) >= number(d - 1) && number(d) <= sequences,
          "must have documents in order, got sequence " + number(d) + " for document " + d);
    }
    check(
        number(numbers - 1) == sequences,
        "must end its documents with " + sequences + ", got " + number(numbers - 1));
  }

  private long place(long sequence) {
    return bytes.i64(HEADER + 4 * sequences + 8 * sequence);
  }

  private long number(long document) {
    return bytes.i64(HEADER + 12 * sequences + 8 * document);
  }

  TokenType type() {
    return type;
  }

  long documents() {
    return numbers - 1;
  }

  /** Index of a document's first token; of the end, if it is the number of documents. */
  long start(long document, long tokens) {
    long sequence = number(document);
    return sequence == sequences ? tokens : place(sequence) / type.width();
  }

  String sha256() throws IOException {
    return Hashes.sha256(path).hash();
  }

  private void check(boolean holds, String rule) {
    TokenTable.check(holds, "index " + rule, path);
  }
}
