package dev.coppice.train.data.foreign;

import com.fasterxml.jackson.databind.PropertyNamingStrategies;
import com.fasterxml.jackson.databind.annotation.JsonNaming;
import com.google.common.hash.Hashing;
import com.google.common.io.MoreFiles;
import dev.coppice.moe.CoppiceException;
import dev.coppice.moe.ErrorKind;
import dev.coppice.moe.io.DurableFiles;
import dev.coppice.moe.io.Folders;
import dev.coppice.moe.io.Hashes;
import dev.coppice.train.TrainJson;
import dev.coppice.train.data.token.MappedFile;
import dev.coppice.train.data.token.PreparationProgress;
import java.io.BufferedOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Locale;
import java.util.Optional;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The kept result of a scan of a foreign file, which replaces the next scan.
 *
 * <p>In a folder of such lie {@code KEY.json} and, where documents were looked for, {@code
 * KEY.starts}: for each document the index of its first token, u64 little-endian. The key is of the
 * file's place, size and time and of the way it is read; the result is taken only if both files
 * agree.
 */
public final class ScannedTokens {
  private static final Logger LOG = LoggerFactory.getLogger(ScannedTokens.class);

  private final Facts facts;
  private final Optional<MappedFile> starts;

  private ScannedTokens(Facts facts, Optional<MappedFile> starts) {
    this.facts = facts;
    this.starts = starts;
  }

  /**
   * What is kept as JSON.
   *
   * @param schemaVersion of this object, 1
   * @param file that was read
   * @param sha256 of it
   * @param vocabulary one more than its largest token
   * @param documents in it
   * @param startsSha256 of the other file; empty if there is none
   */
  @JsonNaming(PropertyNamingStrategies.SnakeCaseStrategy.class)
  record Facts(
      int schemaVersion,
      String file,
      String sha256,
      int vocabulary,
      long documents,
      String startsSha256) {}

  String sha256() {
    return facts.sha256();
  }

  int vocabulary() {
    return facts.vocabulary();
  }

  long documents() {
    return facts.documents();
  }

  /** Index of a document's first token; {@code document} below {@link #documents}. */
  long start(long document) {
    return starts.map(file -> file.i64(document * Long.BYTES)).orElse(0L);
  }

  /**
   * Takes what a folder keeps of a file, or scans the file.
   *
   * @param table the file
   * @param documentEnd token that ends a document; -1 for none
   * @param folder that keeps results
   * @param progress receives the bytes read, if they are read
   */
  public static ScannedTokens of(
      TokenTable table, int documentEnd, Path folder, PreparationProgress progress)
      throws IOException {
    Path kept = folder.resolve(key(table, documentEnd) + ".json");
    if (Files.exists(kept)) {
      try {
        return open(kept, documentEnd);
      } catch (CoppiceException | IOException e) {
        LOG.warn("result of a scan is made again: {}", e.getMessage());
      }
    }
    scan(table, documentEnd, kept, progress);
    return open(kept, documentEnd);
  }

  private static String key(TokenTable table, int documentEnd) throws IOException {
    Path file = table.path().toAbsolutePath().normalize();
    String all =
        String.join(
            "\n",
            file.toString(),
            Long.toString(table.bytes().size()),
            Files.getLastModifiedTime(file).toString(),
            table.type().name()
                + (table.bare()
                    ? " of a width and byte spread that were judged"
                    : " of ids judged"),
            Long.toString(table.offset()),
            Integer.toString(documentEnd));
    return Hashing.sha256().hashString(all, StandardCharsets.UTF_8).toString();
  }

  private static Path starts(Path kept) {
    return kept.resolveSibling(MoreFiles.getNameWithoutExtension(kept) + ".starts");
  }

  private static ScannedTokens open(Path kept, int documentEnd) throws IOException {
    Facts facts = TrainJson.read(kept, Facts.class);
    if (documentEnd < 0) {
      return new ScannedTokens(facts, Optional.empty());
    }
    Path starts = starts(kept);
    String sha256 = Hashes.sha256(starts).hash();
    TokenTable.check(
        sha256.equals(facts.startsSha256()),
        "of document starts must have SHA-256 " + facts.startsSha256() + ", got " + sha256,
        starts);
    return new ScannedTokens(facts, Optional.of(MappedFile.open(starts)));
  }

  private static void scan(
      TokenTable table, int documentEnd, Path kept, PreparationProgress progress)
      throws IOException {
    Files.createDirectories(Folders.parent(kept));
    Path staged = Files.createTempFile(Folders.parent(kept), ".scan-", ".tmp");
    try (StartsWriter writer = new StartsWriter(staged)) {
      TokenScan.Result result =
          TokenScan.read(table, documentEnd, end -> writer.end(end, table.count()), progress);
      if (table.bare() && result.width().isPresent()) {
        throw new CoppiceException(
            ErrorKind.INPUT_INVALID,
            String.format(
                Locale.ROOT,
                "tokens must not be 0 or nearly so at every second place, got a file that seems to"
                    + " have %d bytes a token and was read with %d (--bin-width %d; %s)",
                result.width().getAsInt(),
                table.type().width(),
                result.width().getAsInt(),
                table.path()));
      }
      if (result.fault().isPresent()) {
        throw new CoppiceException(
            ErrorKind.INPUT_INVALID, result.fault().get() + " (" + table.path() + ")");
      }
      writer.finish();
      String sha256 = "";
      if (documentEnd >= 0) {
        sha256 = Hashes.sha256(staged).hash();
        DurableFiles.rename(staged, starts(kept));
      }
      TrainJson.writeAtomically(
          kept,
          new Facts(
              1,
              table.path().toString(),
              result.sha256(),
              result.vocabulary(),
              writer.documents,
              sha256));
    } finally {
      Files.deleteIfExists(staged);
    }
  }

  /** Writes where documents start: at 0, and behind each end but the last token. */
  private static final class StartsWriter implements AutoCloseable {
    private final OutputStream out;
    private final ByteBuffer number =
        ByteBuffer.allocate(Long.BYTES).order(ByteOrder.LITTLE_ENDIAN);
    private long documents;

    StartsWriter(Path file) throws IOException {
      this.out = new BufferedOutputStream(Files.newOutputStream(file), 1 << 16);
      start(0);
    }

    void end(long index, long tokens) {
      if (index + 1 < tokens) {
        start(index + 1);
      }
    }

    private void start(long index) {
      try {
        out.write(number.putLong(0, index).array());
        documents++;
      } catch (IOException e) {
        throw new UncheckedIOException(e);
      }
    }

    void finish() throws IOException {
      out.flush();
    }

    @Override
    public void close() throws IOException {
      out.close();
    }
  }
}
