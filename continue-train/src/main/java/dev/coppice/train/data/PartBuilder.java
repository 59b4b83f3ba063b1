package dev.coppice.train.data;

import com.google.common.hash.Hashing;
import com.google.common.io.MoreFiles;
import dev.coppice.moe.text.Tokenizer;
import dev.coppice.train.Folders;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/** Makes tokens of what paths hold: text is tokenised, tokens are taken in place. */
final class PartBuilder {
  private static final int FORMAT = 2;

  private final DataReading reading;
  private final Tokenizer tokenizer;
  private final PreparationProgress progress;
  private final Path folder;
  private final Optional<TokenCache> cache;
  private int files;

  /**
   * A builder.
   *
   * @param reading how data is read
   * @param tokenizer of text
   * @param progress hears the bytes read
   * @param folder for what is made without a cache
   */
  PartBuilder(DataReading reading, Tokenizer tokenizer, PreparationProgress progress, Path folder) {
    this.reading = reading;
    this.tokenizer = tokenizer;
    this.progress = progress;
    this.folder = folder;
    this.cache = reading.cache().map(TokenCache::new);
  }

  /**
   * What was made.
   *
   * @param sources of tokens
   * @param paths that they came from, in the order given
   */
  record Built(List<SourceSpec> sources, List<PathRecord> paths) {}

  /** The sources that some paths hold: text first, then lines of JSON, Parquet, tokens. */
  Built build(List<Path> paths) throws IOException {
    List<Path> texts = new ArrayList<>();
    List<Path> lines = new ArrayList<>();
    List<Path> columns = new ArrayList<>();
    List<SourceSpec> tokens = new ArrayList<>();
    List<PathRecord> records = new ArrayList<>();
    for (Path path : paths) {
      List<FileRecord> files = new ArrayList<>();
      DataForm form = DataForm.TEXT;
      for (DataFinder.Found found : DataFinder.find(path, reading.form())) {
        form = found.form();
        switch (form) {
          case TEXT -> texts.add(found.path());
          case JSONL -> lines.add(found.path());
          case PARQUET -> columns.add(found.path());
          default -> tokens.add(tokens(found));
        }
        files.addAll(files(found, tokens));
      }
      String absolute = path.toAbsolutePath().normalize().toString();
      records.add(new PathRecord(path.toString(), absolute, form, files, List.of()));
    }
    List<SourceSpec> sources = new ArrayList<>();
    if (!texts.isEmpty()) {
      sources.add(SourceSpec.of(text(texts)));
    }
    if (!lines.isEmpty()) {
      sources.add(
          SourceSpec.of(rows("jsonl", lines, () -> new JsonLineTexts(lines, reading.textField()))));
    }
    if (!columns.isEmpty()) {
      sources.add(
          SourceSpec.of(
              rows("parquet", columns, () -> new ParquetTexts(columns, reading.textField()))));
    }
    sources.addAll(tokens);
    return new Built(sources, records);
  }

  private static List<FileRecord> files(DataFinder.Found found, List<SourceSpec> tokens)
      throws IOException {
    String name = Folders.name(found.path());
    return switch (found.form()) {
      case TEXT ->
          TextFolder.find(List.of(found.path())).stream()
              .map(text -> new FileRecord(text.name(), text.bytes(), text.sha256()))
              .toList();
      case JSONL, PARQUET ->
          List.of(
              new FileRecord(
                  name,
                  Files.size(found.path()),
                  MoreFiles.asByteSource(found.path()).hash(Hashing.sha256()).toString()));
      default ->
          List.of(
              new FileRecord(
                  name, Files.size(found.path()), tokens.get(tokens.size() - 1).sha256()));
    };
  }

  private SourceSpec tokens(DataFinder.Found found) throws IOException {
    if (found.form() == DataForm.TOKENS) {
      try (TokenFile file = TokenFile.open(found.path())) {
        return SourceSpec.of(file);
      }
    }
    boolean flat = found.form() != DataForm.MEGATRON;
    boolean plain = found.form() == DataForm.NANOGPT;
    SourceSpec unread =
        new SourceSpec(
            found.form(),
            found.path().toAbsolutePath().normalize().toString(),
            "",
            0,
            plain ? (Integer) reading.tokenWidth() : null,
            flat && reading.documentEnd().tokens().isPresent()
                ? (Integer) reading.documentEnd().tokens().getAsInt()
                : null,
            cache.map(TokenCache::scans).orElse(folder.resolve("scans")).toString());
    try (TokenSequence read = unread.unverified(progress)) {
      return unread.of(read.fingerprint(), read.tokenCount());
    }
  }

  private TokenFile text(List<Path> paths) throws IOException {
    List<TextDocument> documents = TextFolder.find(paths);
    StringBuilder key = key("text");
    for (TextDocument document : documents) {
      key.append(document.name()).append(' ').append(document.sha256()).append('\n');
    }
    return made(
        key,
        out -> {
          try (TextSource source = new FileTexts(documents)) {
            return encoding().write(source, out);
          }
        });
  }

  /** Opens a source. */
  @FunctionalInterface
  private interface Opener {
    TextSource open() throws IOException;
  }

  private TokenFile rows(String form, List<Path> paths, Opener opener) throws IOException {
    StringBuilder key = key(form + " " + reading.textField());
    for (Path path : paths) {
      String sha256 = MoreFiles.asByteSource(path).hash(Hashing.sha256()).toString();
      key.append(Folders.name(path)).append(' ').append(sha256).append('\n');
    }
    return made(
        key,
        out -> {
          try (TextSource source = opener.open()) {
            return encoding().write(source, out);
          }
        });
  }

  private StringBuilder key(String form) {
    DocumentStart before = reading.documentStart();
    String start = before.ids().isEmpty() ? "" : " after " + before.ids();
    return new StringBuilder()
        .append("coppice tokens ")
        .append(FORMAT)
        .append('\n')
        .append(tokenizer.fingerprint())
        .append('\n')
        .append(tokenizer.vocabularySize())
        .append('\n')
        .append(reading.documentEnd().text())
        .append(start)
        .append('\n')
        .append(form)
        .append('\n');
  }

  private TokenFile made(StringBuilder key, TokenCache.Maker maker) throws IOException {
    if (cache.isPresent()) {
      String sha256 = Hashing.sha256().hashString(key, StandardCharsets.UTF_8).toString();
      return cache.get().get(sha256, maker);
    }
    files++;
    return maker.make(folder.resolve(files == 1 ? "train.tokens" : "train-" + files + ".tokens"));
  }

  private CorpusBuilder.Encoding encoding() {
    return new CorpusBuilder.Encoding(
        tokenizer,
        reading.documentStart(),
        reading.documentEnd().text(),
        Runtime.getRuntime().availableProcessors(),
        progress);
  }
}
