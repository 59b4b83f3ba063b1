package dev.coppice.train.data;

import com.google.common.hash.Hashing;
import dev.coppice.moe.CoppiceException;
import dev.coppice.moe.ErrorKind;
import dev.coppice.moe.text.Tokenizer;
import dev.coppice.train.data.encode.CorpusBuilder;
import dev.coppice.train.data.encode.EncodingMemory;
import dev.coppice.train.data.reading.DataForm;
import dev.coppice.train.data.reading.DataReading;
import dev.coppice.train.data.reading.DocumentStart;
import dev.coppice.train.data.text.DataItem;
import dev.coppice.train.data.text.FileTexts;
import dev.coppice.train.data.text.JsonLineTexts;
import dev.coppice.train.data.text.ParquetTexts;
import dev.coppice.train.data.text.TextDocument;
import dev.coppice.train.data.text.TextSource;
import dev.coppice.train.data.token.PreparationProgress;
import dev.coppice.train.data.token.TokenCache;
import dev.coppice.train.data.token.TokenFile;
import dev.coppice.train.data.token.TokenSequence;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/** Makes tokens of what paths hold: text is tokenised, tokens are taken in place. */
final class PartBuilder {
  private static final int FORMAT = 3;

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
   * @param progress receives the bytes read
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
    Gathered gathered = new Gathered(reading, this::tokens);
    for (Path path : paths) {
      gathered.add(path);
    }
    gathered.checkStrict();
    List<SourceSpec> sources = new ArrayList<>();
    if (!gathered.texts().isEmpty()) {
      sources.add(SourceSpec.of(text(gathered.texts())));
    }
    if (!gathered.objects().isEmpty()) {
      List<Gathered.Hashed> lines = gathered.objects();
      sources.add(rows("jsonl", lines, () -> new JsonLineTexts(items(lines), reading.textField())));
    }
    if (!gathered.columns().isEmpty()) {
      List<Gathered.Hashed> columns = gathered.columns();
      List<Path> parquet = items(columns).stream().map(DataItem::file).toList();
      sources.add(rows("parquet", columns, () -> new ParquetTexts(parquet, reading.textField())));
    }
    sources.addAll(gathered.tokens());
    return new Built(sources, gathered.records());
  }

  private static List<DataItem> items(List<Gathered.Hashed> hashed) {
    return hashed.stream().map(Gathered.Hashed::item).toList();
  }

  private SourceSpec tokens(DataForm form, Path path) throws IOException {
    if (form == DataForm.TOKENS) {
      try (TokenFile file = TokenFile.open(path)) {
        return SourceSpec.of(file);
      }
    }
    boolean flat = form != DataForm.MEGATRON;
    SourceSpec unread =
        new SourceSpec(
            form,
            path.toAbsolutePath().normalize().toString(),
            "",
            0,
            form == DataForm.NANOGPT ? (Integer) width(path) : null,
            flat && reading.documentEnd().tokens().isPresent()
                ? (Integer) reading.documentEnd().tokens().getAsInt()
                : null,
            cache.map(TokenCache::scans).orElse(folder.resolve("scans")).toString());
    try (TokenSequence read = unread.unverified(progress)) {
      return unread.of(read.fingerprint(), read.tokenCount());
    }
  }

  private int width(Path path) {
    if (reading.tokenWidth().isEmpty() && !reading.rules().fitsTwoBytes()) {
      throw new CoppiceException(
          ErrorKind.INPUT_INVALID,
          "--bin-width must be given where tokens of nanoGPT are read with a vocabulary above"
              + " 65536, got none and a vocabulary of "
              + reading.rules().vocabulary()
              + " ("
              + path
              + ")");
    }
    return reading.tokenWidth().orElse(Short.BYTES);
  }

  private TokenFile text(List<TextDocument> documents) throws IOException {
    StringBuilder key = key("text");
    for (TextDocument document : documents) {
      key.append(document.name()).append(' ').append(document.sha256()).append('\n');
    }
    return made(
        key,
        out -> {
          EncodingMemory.ofMachine(tokenizer).checkDocuments(documents);
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

  private SourceSpec rows(String form, List<Gathered.Hashed> items, Opener opener)
      throws IOException {
    StringBuilder key = key(form + " " + reading.textField());
    for (Gathered.Hashed each : items) {
      key.append(each.item().fileName()).append(' ').append(each.sha256()).append('\n');
    }
    return SourceSpec.of(
        made(
            key,
            out -> {
              try (TextSource source = opener.open()) {
                return encoding().write(source, out);
              }
            }));
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
