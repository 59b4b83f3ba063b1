package dev.coppice.train.data;

import com.google.common.hash.Hashing;
import com.google.common.hash.HashingInputStream;
import com.google.common.io.ByteStreams;
import dev.coppice.moe.CoppiceException;
import dev.coppice.moe.ErrorKind;
import dev.coppice.train.data.folder.DataFinder;
import dev.coppice.train.data.folder.DataWalk;
import dev.coppice.train.data.folder.LeftOut;
import dev.coppice.train.data.folder.LeftOuts;
import dev.coppice.train.data.folder.SplitNames;
import dev.coppice.train.data.folder.TextFolder;
import dev.coppice.train.data.reading.DataForm;
import dev.coppice.train.data.reading.DataReading;
import dev.coppice.train.data.text.DataItem;
import dev.coppice.train.data.text.DocumentReader;
import dev.coppice.train.data.text.TextDocument;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** All files of one part of the data, by form; equal ones are taken once. */
final class Gathered {
  private static final Logger LOG = LoggerFactory.getLogger(Gathered.class);

  private final DataReading reading;
  private final TokenOpener opener;
  private final Map<String, String> names = new HashMap<>();
  private final List<TextDocument> texts = new ArrayList<>();
  private final List<Hashed> objects = new ArrayList<>();
  private final List<Hashed> columns = new ArrayList<>();
  private final List<SourceSpec> tokens = new ArrayList<>();
  private final List<PathRecord> records = new ArrayList<>();

  /**
   * Nothing yet.
   *
   * @param reading how data is read
   * @param opener of files of tokens
   */
  Gathered(DataReading reading, TokenOpener opener) {
    this.reading = reading;
    this.opener = opener;
  }

  /** Opens a file of tokens and checks it. */
  @FunctionalInterface
  interface TokenOpener {
    /** The file's spec. */
    SourceSpec open(DataForm form, Path file) throws IOException;
  }

  /**
   * A file and its SHA-256.
   *
   * @param item the file
   * @param sha256 of its bytes as stored, 64 hexadecimal digits
   */
  record Hashed(DataItem item, String sha256) {}

  /** Documents of text. */
  List<TextDocument> texts() {
    return texts;
  }

  /** Files of JSON objects. */
  List<Hashed> objects() {
    return objects;
  }

  /** Files of Parquet. */
  List<Hashed> columns() {
    return columns;
  }

  /** Files of tokens. */
  List<SourceSpec> tokens() {
    return tokens;
  }

  /** A record of each path, in the order given. */
  List<PathRecord> records() {
    return records;
  }

  /** Adds all that a path holds. */
  void add(Path path) throws IOException {
    DataFinder.Wanted wanted =
        new DataFinder.Wanted(
            reading.form(), reading.textField(), SplitNames.Use.of(reading.rules()));
    DataFinder.Found found = DataFinder.find(path, wanted);
    found.warnings().forEach(warning -> LOG.warn("{}", warning));
    Reading read = new Reading(found.form(), new ArrayList<>(found.leftOut()));
    switch (found.form()) {
      case TEXT -> readTexts(path, found.items(), read);
      case JSONL -> hash(found.items(), objects, read);
      case PARQUET -> hash(found.items(), columns, read);
      default -> readTokens(found.items(), read);
    }
    String absolute = path.toAbsolutePath().normalize().toString();
    records.add(new PathRecord(path.toString(), absolute, found.form(), read.files, read.leftOut));
  }

  private void readTexts(Path path, List<DataItem> items, Reading read) throws IOException {
    TextFolder.Probed probed = TextFolder.probe(items);
    read.leftOut.addAll(probed.leftOut());
    if (probed.documents().isEmpty()) {
      throw new CoppiceException(
          ErrorKind.INPUT_INVALID,
          "no readable text under " + path + ": left out " + LeftOuts.abridged(read.leftOut));
    }
    for (TextDocument document : probed.documents()) {
      if (isFirst(document.name(), document.sha256(), read)) {
        texts.add(document);
        read.files.add(new FileRecord(document.name(), document.bytes(), document.sha256()));
      }
    }
  }

  private void hash(List<DataItem> items, List<Hashed> into, Reading read) throws IOException {
    try (DocumentReader reader = new DocumentReader()) {
      for (DataItem item : items) {
        Hashed hashed = new Hashed(item, sha256(reader, item));
        if (isFirst(item.name(), hashed.sha256(), read)) {
          into.add(hashed);
          read.files.add(new FileRecord(item.name(), item.bytes(), hashed.sha256()));
        }
      }
    }
  }

  private static String sha256(DocumentReader reader, DataItem item) throws IOException {
    try (InputStream stored = reader.stored(item);
        HashingInputStream in = new HashingInputStream(Hashing.sha256(), stored)) {
      ByteStreams.exhaust(in);
      return in.hash().toString();
    }
  }

  private void readTokens(List<DataItem> items, Reading read) throws IOException {
    for (DataItem item : items) {
      SourceSpec spec = opener.open(read.form, item.file());
      if (isFirst(item.name(), spec.sha256(), read)) {
        tokens.add(spec);
        read.files.add(new FileRecord(item.name(), item.bytes(), spec.sha256()));
      }
    }
  }

  private boolean isFirst(String name, String sha256, Reading read) {
    Optional<String> before = Optional.ofNullable(names.putIfAbsent(sha256, name));
    before.ifPresent(
        first -> read.leftOut.add(new LeftOut(name, "the same, byte for byte, as " + first)));
    return before.isEmpty();
  }

  /**
   * Refuses data of which something is left out, where that is asked for.
   *
   * @throws CoppiceException naming what is left out
   */
  void checkStrict() {
    List<LeftOut> leftOut =
        records.stream()
            .flatMap(record -> record.leftOut().stream())
            .filter(each -> !each.reason().equals(DataWalk.HIDDEN))
            .toList();
    if (reading.rules().strict() && !leftOut.isEmpty()) {
      throw new CoppiceException(
          ErrorKind.INPUT_INVALID,
          "with --strict-data nothing must be left out, got " + LeftOuts.abridged(leftOut));
    }
  }

  /** Record of a path during reading. */
  private static final class Reading {
    private final DataForm form;
    private final List<LeftOut> leftOut;
    private final List<FileRecord> files = new ArrayList<>();

    Reading(DataForm form, List<LeftOut> leftOut) {
      this.form = form;
      this.leftOut = leftOut;
    }
  }
}
