package dev.coppice.train.cli;

import dev.coppice.moe.checkpoint.Checkpoint;
import dev.coppice.moe.cli.ProgressLine;
import dev.coppice.moe.io.Folders;
import dev.coppice.moe.spec.MoeSpec;
import dev.coppice.moe.text.Tokenizer;
import dev.coppice.train.data.DataPath;
import dev.coppice.train.data.DataRecord;
import dev.coppice.train.data.DataRecovery;
import dev.coppice.train.data.DataSpec;
import dev.coppice.train.data.Preparation;
import dev.coppice.train.data.TrainingData;
import dev.coppice.train.data.encode.TokenBytes;
import dev.coppice.train.data.heldout.HoldOut;
import dev.coppice.train.data.reading.DataForm;
import dev.coppice.train.data.reading.DataReading;
import dev.coppice.train.data.reading.DataRules;
import dev.coppice.train.data.reading.DocumentEnd;
import dev.coppice.train.data.reading.DocumentStart;
import dev.coppice.train.data.token.PreparationProgress;
import dev.coppice.train.data.token.TokenCache;
import dev.coppice.train.data.token.TokenFile;
import dev.coppice.train.eval.HeldOutText;
import dev.coppice.train.run.Memory;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.function.Predicate;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import picocli.CommandLine.ITypeConverter;
import picocli.CommandLine.Option;
import picocli.CommandLine.TypeConversionException;

/** Which data a command reads, and how. */
final class DataOptions {
  @Option(
      names = "--data",
      paramLabel = "PATH[=WEIGHT]",
      arity = "1..*",
      description = {
        "Folders, files, and jars or zips, which are read as folders. Forms: text; JSON"
            + " objects, one a line or in a list; Parquet. Text and JSON may be packed with"
            + " gzip, zstd or bzip2. Token forms: llm.c and nanoGPT .bin, Megatron .bin/.idx,"
            + " .npy and token files. If a folder has files named train and others named val,"
            + " valid, test or dev, training reads the first and evaluation the others. Weights"
            + " mix the paths in those shares."
      })
  private List<String> data = List.of();

  @Option(
      names = "--data-format",
      paramLabel = "FORMAT",
      defaultValue = "auto",
      converter = FormConverter.class,
      description =
          "Form of the data: auto, text, jsonl, parquet, llmc, nanogpt, megatron, tokens"
              + " or npy. Files of another form in a folder are left out (default:"
              + " ${DEFAULT-VALUE}).")
  private DataForm form;

  @Option(
      names = "--text-field",
      paramLabel = "NAME",
      defaultValue = "text",
      description =
          "Name of the JSON field or Parquet column with the text (default:"
              + " ${DEFAULT-VALUE}).")
  private String textField;

  @Option(
      names = "--bin-width",
      paramLabel = "BYTES",
      description =
          "Bytes of a nanoGPT token: 2, 4 or 8 (default: 2 for vocabularies of up to" + " 65536).")
  private Optional<Integer> binWidth;

  @Option(
      names = "--tokenizer",
      paramLabel = "KIND",
      defaultValue = "auto",
      description =
          "Tokenizer of text. auto: the checkpoint's tokenizer.json, or bytes if its"
              + " vocabulary is 256. bytes: each byte is a token, for any vocabulary (default:"
              + " ${DEFAULT-VALUE}).")
  private TokenizerKind tokenizer;

  @Option(
      names = "--strict-data",
      description = "Refuses data if a file would be left out. Hidden files may be left out.")
  private boolean strict;

  @Option(
      names = "--document-start",
      paramLabel = "TOKEN",
      description =
          "Token before each document of text: its id, its text, none or auto. auto"
              + " takes the token that the tokenizer puts before a text (default: auto).")
  private Optional<String> documentStart;

  @Option(
      names = "--document-end",
      paramLabel = "TOKEN",
      description =
          "Token after each document of text, which also separates documents of llm.c"
              + " and nanoGPT: its id, its text, none or auto. auto takes the checkpoint's"
              + " eos_token_id, or the end of a text if that id ends turns of a conversation"
              + " (default: auto; in evaluation, the recorded token of the checkpoint's"
              + " training, if there is one).")
  private Optional<String> documentEnd;

  enum SpecialTokens {
    SPECIAL,
    TEXT
  }

  @Option(
      names = "--special-tokens",
      paramLabel = "HOW",
      defaultValue = "special",
      description =
          "Reading of special tokens that are written in documents, such as"
              + " <|endoftext|>: as special tokens, or as plain text (default:"
              + " ${DEFAULT-VALUE}).")
  private SpecialTokens specialTokens;

  @Option(
      names = "--cache",
      paramLabel = "DIR",
      description =
          "Folder of the cache of tokenised text, which is named by the SHA-256 of its"
              + " inputs (default: $COPPICE_CACHE, else $XDG_CACHE_HOME/coppice or"
              + " ~/.cache/coppice).")
  private Optional<Path> cache;

  @Option(names = "--no-cache", description = "Keeps tokenised text in RUN/data, or not at all.")
  private boolean noCache;

  /** Whether data is named. */
  boolean isGiven() {
    return !data.isEmpty();
  }

  /**
   * Checks that no path has a weight: evaluation data is read whole.
   *
   * @throws dev.coppice.moe.CoppiceException naming the first that has one
   */
  void checkUnweighted() {
    DataPath.unweighted("--data", "evaluation data is read whole", data);
  }

  /**
   * Prepares the data of a run.
   *
   * @param source checkpoint whose tokenizer reads text
   * @param holdOut evaluation data
   * @param run folder of the run
   * @param quiet whether progress is not shown
   * @throws dev.coppice.moe.CoppiceException when it is damaged, or memory does not suffice
   */
  TrainingData prepare(Source source, HoldOut holdOut, Path run, boolean quiet) throws IOException {
    return Memory.guarded(() -> prepared(source, holdOut, run, quiet));
  }

  private TrainingData prepared(Source source, HoldOut holdOut, Path run, boolean quiet)
      throws IOException {
    try (Tokenizer reader = source.tokenizer(readingOf());
        Progress progress = new Progress(quiet)) {
      DocumentEnd end = end("auto", source, reader);
      return new Preparation(
              reading(start(reader), end, source.rules(false, strict)), reader, progress)
          .prepare(data.stream().map(DataPath::parse).toList(), holdOut, run);
    }
  }

  /**
   * Checks that options of reading, where they are given, are those of a resumed run.
   *
   * @param given whether an option of that name was given
   * @param run what it recorded
   * @param checkpoint whose tokenizer reads text
   * @throws dev.coppice.moe.CoppiceException naming the first that differs, with both values
   */
  void checkSame(Predicate<String> given, DataSpec run, Path checkpoint) throws IOException {
    DataRecord read = run.read();
    if (read == null) {
      return;
    }
    SameReading same = new SameReading(given, read);
    same.check(
        new SameReading.Asked(form, textField, binWidth, name(specialTokens), name(tokenizer)));
    if (documentStart.isEmpty() && documentEnd.isEmpty()) {
      return;
    }
    try (Tokenizer reader = Source.of(checkpoint).tokenizer(TextData.Kind.of(read.reading()))) {
      same.checkStart(start(reader).ids().asList());
      if (documentEnd.isPresent()) {
        same.checkEnd(DocumentEnd.of(documentEnd.get(), checkpoint, reader).token());
      }
    }
  }

  private static String name(Enum<?> choice) {
    return choice.name().toLowerCase(Locale.ROOT);
  }

  /**
   * Opens the data of a resumed run; what is lost is made anew from what the run recorded, or from
   * what is given.
   *
   * @param recovery of the run's data
   * @param checkpoint whose tokenizer reads text
   * @param quiet whether progress is not shown
   * @throws dev.coppice.moe.CoppiceException when it is not the run's, or there is none
   */
  TrainingData again(DataRecovery recovery, Path checkpoint, boolean quiet) throws IOException {
    if (data.isEmpty()) {
      Optional<TrainingData> there = recovery.there(cacheFolder());
      if (there.isPresent()) {
        return there.get();
      }
    }
    List<DataPath> paths =
        data.isEmpty() ? recovery.sources() : data.stream().map(DataPath::parse).toList();
    return asRecorded(recovery, checkpoint, quiet, how -> recovery.anew(how, paths));
  }

  /**
   * Checks that evaluation data which a resume was given is that of its run.
   *
   * @param recovery of the run's data
   * @param own evaluation data of its own, if any was given
   * @param checkpoint whose tokenizer reads text
   * @param quiet whether progress is not shown
   * @throws dev.coppice.moe.CoppiceException naming the first that differs
   */
  void checkHeldOut(DataRecovery recovery, List<Path> own, Path checkpoint, boolean quiet)
      throws IOException {
    if (!own.isEmpty()) {
      asRecorded(
          recovery,
          checkpoint,
          quiet,
          how -> {
            recovery.checkHeldOut(how, own);
            return own;
          });
    }
  }

  /** A use of a preparation. */
  @FunctionalInterface
  private interface Preparing<T> {
    T with(Preparation how) throws IOException;
  }

  /** Reads as a run recorded that it read; a run that recorded nothing, as the options say. */
  private <T> T asRecorded(DataRecovery recovery, Path checkpoint, boolean quiet, Preparing<T> use)
      throws IOException {
    Optional<DataRecord> recorded = Optional.ofNullable(recovery.spec().read());
    TextData.Kind kind =
        recorded.map(DataRecord::reading).map(TextData.Kind::of).orElseGet(this::readingOf);
    Source source = Source.of(checkpoint);
    try (Tokenizer reader = source.tokenizer(kind);
        Progress progress = new Progress(quiet)) {
      DataReading how =
          recorded.isPresent()
              ? recorded(recorded.get(), reader)
              : reading(
                  DocumentStart.of(documentStart.orElse("none"), reader),
                  end("auto", source, reader),
                  source.rules(false, strict));
      return use.with(new Preparation(how, reader, progress));
    }
  }

  private DataReading recorded(DataRecord record, Tokenizer tokenizer) {
    DocumentEnd end = DocumentEnd.of(Optional.ofNullable(record.end()), tokenizer);
    return DataReading.of(record.reading(), end, cacheFolder());
  }

  private Optional<Path> cacheFolder() {
    return noCache ? Optional.empty() : Optional.of(cache.orElseGet(TokenCache::standard));
  }

  /** The tokenizer of the opened data. */
  @FunctionalInterface
  interface Reader<T> {
    /** Reads. */
    T read(HeldOutText text, DataRecord record) throws IOException;
  }

  /**
   * Reads all data through once.
   *
   * @param source checkpoint whose tokenizer reads text
   * @param trained what ended documents when the checkpoint was trained, if that is known
   * @param quiet whether progress is not shown
   * @param reader what reads it
   * @throws dev.coppice.moe.CoppiceException when it is damaged, or memory does not suffice
   */
  <T> T read(Source source, Optional<DocumentEnd> trained, boolean quiet, Reader<T> reader)
      throws IOException {
    return Memory.guarded(() -> readThrough(source, trained, quiet, reader));
  }

  private <T> T readThrough(
      Source source, Optional<DocumentEnd> trained, boolean quiet, Reader<T> reader)
      throws IOException {
    Path scratch = Files.createTempDirectory("coppice-data-");
    try (Tokenizer encoder = source.tokenizer(readingOf());
        Progress progress = new Progress(quiet)) {
      DocumentEnd end =
          documentEnd.isEmpty() && trained.isPresent()
              ? trained.get()
              : end("auto", source, encoder);
      List<Path> paths = DataPath.unweighted("--data", "evaluation data is read whole", data);
      Preparation preparation =
          new Preparation(
              reading(start(encoder), end, source.rules(true, strict)), encoder, progress);
      Preparation.Through opened = preparation.read(paths, scratch);
      try (TokenFile tokens = opened.text()) {
        progress.end();
        return reader.read(
            new HeldOutText(tokens, TokenBytes.of(encoder), opened.documentEnd()), opened.record());
      }
    } finally {
      Folders.delete(scratch);
    }
  }

  private TextData.Kind readingOf() {
    return new TextData.Kind(tokenizer == TokenizerKind.BYTES, specialTokens == SpecialTokens.TEXT);
  }

  private DocumentStart start(Tokenizer reader) {
    return DocumentStart.of(documentStart.orElse("auto"), reader);
  }

  private DocumentEnd end(String unlessGiven, Source source, Tokenizer reader) throws IOException {
    DocumentEnd end = DocumentEnd.of(documentEnd.orElse(unlessGiven), source.folder(), reader);
    end.notes().forEach(note -> log().warn("{}", note));
    return end;
  }

  private DataReading reading(DocumentStart start, DocumentEnd end, DataRules rules) {
    OptionalInt width = binWidth.map(OptionalInt::of).orElse(OptionalInt.empty());
    return new DataReading(form, textField, width, start, end, cacheFolder(), rules);
  }

  /**
   * A checkpoint that reads text.
   *
   * @param folder of it
   * @param model of it
   */
  record Source(Path folder, MoeSpec model) {
    static Source of(Path folder) throws IOException {
      try (Checkpoint opened = Checkpoint.open(folder)) {
        return new Source(folder, opened.spec());
      }
    }

    Tokenizer tokenizer(TextData.Kind kind) throws IOException {
      return TextData.tokenizer(folder, model, kind);
    }

    DataRules rules(boolean judging, boolean strict) {
      return new DataRules(judging, strict, model.vocabularySize());
    }
  }

  /** A line for each thing that is done. */
  private static final class Progress implements PreparationProgress, AutoCloseable {
    private static final double MEBIBYTE = 1 << 20;

    private final boolean quiet;
    private Optional<ProgressLine> line = Optional.empty();
    private String title = "";

    Progress(boolean quiet) {
      this.quiet = quiet;
    }

    @Override
    public void update(String what, long done, long total) {
      if (!what.equals(title)) {
        end();
        title = what;
        line = Optional.of(ProgressLine.start(what, 1, quiet));
      }
      line.orElseThrow()
          .update(
              (double) done / total,
              String.format(Locale.ROOT, "%.0f of %.0f MiB", done / MEBIBYTE, total / MEBIBYTE));
    }

    /** Leaves the line that is shown, if there is one. */
    void end() {
      line.ifPresent(ProgressLine::close);
      line = Optional.empty();
      title = "";
    }

    @Override
    public void close() {
      end();
    }
  }

  /** The names of the forms. */
  static final class FormConverter implements ITypeConverter<DataForm> {
    /** Made by picocli. */
    FormConverter() {}

    @Override
    public DataForm convert(String value) {
      for (DataForm form : DataForm.values()) {
        if (form.option().equals(value)) {
          return form;
        }
      }
      throw new TypeConversionException(
          "data format must be auto, text, jsonl, parquet, llmc, nanogpt, megatron, tokens or npy,"
              + " got "
              + value);
    }
  }

  // no field: logging is set up where it is needed, not at the start of every command
  private static Logger log() {
    return LoggerFactory.getLogger(DataOptions.class);
  }
}
