package dev.coppice.train.data;

import dev.coppice.moe.CoppiceException;
import dev.coppice.moe.ErrorKind;
import dev.coppice.moe.io.DurableFiles;
import dev.coppice.moe.io.Folders;
import dev.coppice.moe.text.Tokenizer;
import dev.coppice.train.data.heldout.HeldOut;
import dev.coppice.train.data.heldout.HeldOutSpec;
import dev.coppice.train.data.heldout.HoldOut;
import dev.coppice.train.data.reading.DataForm;
import dev.coppice.train.data.reading.DataReading;
import dev.coppice.train.data.reading.ReadingRecord;
import dev.coppice.train.data.token.DocumentCopy;
import dev.coppice.train.data.token.JoinedTokens;
import dev.coppice.train.data.token.PreparationProgress;
import dev.coppice.train.data.token.TokenFile;
import dev.coppice.train.data.token.TokenSequence;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.function.Consumer;
import java.util.stream.Stream;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** From paths and options to the data of a run, and what is held out of it. */
public final class Preparation {
  private static final Logger LOG = LoggerFactory.getLogger(Preparation.class);
  private static final String DATA = HeldOut.FOLDER;

  private final DataReading reading;
  private final Tokenizer tokenizer;
  private final PreparationProgress progress;

  /**
   * A preparation.
   *
   * @param reading how data is read
   * @param tokenizer of text; must stay open
   * @param progress receives the bytes read
   */
  public Preparation(DataReading reading, Tokenizer tokenizer, PreparationProgress progress) {
    this.reading = reading;
    this.tokenizer = tokenizer;
    this.progress = progress;
  }

  /**
   * Prepares the data of a run. Paths without weights are one part; with weights, each is one.
   *
   * <p>What is held out lies in {@code data/held-out.tokens} of the run's folder, which appears
   * with all that belongs there or not at all; if nothing does, it is not made.
   *
   * @param paths either all with weights or none
   * @param split what to hold out of every part, if anything
   * @param runFolder folder of the run; must not exist
   * @throws CoppiceException when there is no data, or it is damaged
   * @throws IOException when reading or writing fails
   */
  public TrainingData prepare(List<DataPath> paths, Optional<HeldOutSpec> split, Path runFolder)
      throws IOException {
    return prepare(paths, new HoldOut(split, List.of()), runFolder);
  }

  /**
   * Prepares the training and evaluation data of a run.
   *
   * @param paths either all with weights or none
   * @param holdOut evaluation data, if any
   * @param runFolder folder of the run; must not exist
   * @throws CoppiceException when there is no data, or it is damaged
   * @throws IOException when reading or writing fails
   */
  public TrainingData prepare(List<DataPath> paths, HoldOut holdOut, Path runFolder)
      throws IOException {
    Path run = runFolder.toAbsolutePath().normalize();
    Files.createDirectories(Folders.parent(run));
    Path staging =
        Files.createTempDirectory(Folders.parent(run), "." + Folders.name(run) + ".tmp-");
    try {
      List<Read> parts = parts(paths, holdOut.share(), staging.resolve(DATA));
      writeHeldOut(names(paths), parts, holdOut, staging);
      if (Files.exists(staging.resolve(DATA))) {
        DurableFiles.move(staging, run);
      }
      return opened(parts.stream().map(part -> part.moved(staging, run)).toList());
    } finally {
      Folders.delete(staging);
    }
  }

  /**
   * Makes the data of a run that is there already anew.
   *
   * @param paths either all with weights or none
   * @param split what is held out of every part, if anything
   * @param runFolder folder of the run; what belongs there is put there once the data is accepted
   * @param check refuses data that is not the run's
   */
  TrainingData again(
      List<DataPath> paths,
      Optional<HeldOutSpec> split,
      Path runFolder,
      Consumer<TrainingData> check)
      throws IOException {
    Path run = runFolder.toAbsolutePath().normalize();
    Path staging = Files.createTempDirectory(run, ".step-data.tmp-");
    try {
      List<Read> parts = parts(paths, split, staging.resolve(DATA));
      try (TrainingData made = opened(parts)) {
        check.accept(made);
      }
      if (HeldOut.in(run).isEmpty()) {
        writeHeldOut(names(paths), parts, new HoldOut(split, List.of()), staging);
      }
      move(staging.resolve(DATA), run.resolve(DATA));
      return opened(parts.stream().map(part -> part.moved(staging, run)).toList());
    } finally {
      Folders.delete(staging);
    }
  }

  private static void move(Path made, Path into) throws IOException {
    if (Files.exists(made)) {
      Files.createDirectories(into);
      try (Stream<Path> files = Files.list(made)) {
        for (Path file : files.toList()) {
          Files.move(file, into.resolve(Folders.name(file)), StandardCopyOption.REPLACE_EXISTING);
        }
      }
    }
  }

  /** Whether a folder holds what was prepared for a run, and nothing else. */
  public static boolean isAllIn(Path runFolder) throws IOException {
    try (Stream<Path> entries = Files.list(runFolder)) {
      return entries.map(Folders::name).toList().equals(List.of(DATA));
    }
  }

  /**
   * All that some paths hold as one token file, to be read through.
   *
   * @param paths of data
   * @param scratch folder for what is made without a cache; the caller deletes it
   * @return open; the caller closes it
   */
  public TokenFile open(List<Path> paths, Path scratch) throws IOException {
    return read(paths, scratch).text();
  }

  /**
   * Data to be read through.
   *
   * @param text all of it; the caller closes it
   * @param record where it came from
   * @param documentEnd token that ended documents, if one did
   */
  public record Through(TokenFile text, DataRecord record, OptionalInt documentEnd) {}

  /**
   * All that some paths hold as one token file, and where it came from.
   *
   * @param paths of data
   * @param scratch folder for what is made without a cache; the caller deletes it
   */
  public Through read(List<Path> paths, Path scratch) throws IOException {
    PartBuilder.Built built = builder(scratch).build(paths);
    PartSpec part = new PartSpec(1, built.sources(), null);
    TokenFile text = through(part, scratch);
    PartRecord record =
        new PartRecord(1, built.paths(), text.documentCount(), text.tokenCount(), null, null);
    return new Through(text, record(List.of(record)), part.documentEnd(reading.documentEnd()));
  }

  private TokenFile through(PartSpec part, Path scratch) throws IOException {
    if (part.sources().size() == 1 && part.sources().get(0).form() == DataForm.TOKENS) {
      return TokenFile.open(Path.of(part.sources().get(0).path()));
    }
    try (TokenSequence all = opened(part)) {
      return DocumentCopy.write(
          scratch.resolve("copy.tokens"),
          all.vocabularySize(),
          tokenizer,
          copy -> copy.addAll(all));
    }
  }

  private PartBuilder builder(Path folder) {
    return new PartBuilder(reading, tokenizer, progress, folder);
  }

  private DataRecord record(List<PartRecord> parts) {
    ReadingRecord options =
        new ReadingRecord(
            reading.form(),
            reading.textField(),
            reading.tokenWidth().isPresent() ? (Integer) reading.tokenWidth().getAsInt() : null,
            reading.documentStart().ids().asList(),
            tokenizer.seesSpecialTokens() ? "special" : "text",
            tokenizer.name());
    return new DataRecord(options, reading.documentEnd().token().orElse(null), parts);
  }

  /**
   * What was read.
   *
   * @param spec of a part
   * @param paths that it came from
   */
  private record Read(PartSpec spec, List<PathRecord> paths) {
    Read moved(Path from, Path to) {
      return new Read(spec.within(from).from(to), paths);
    }
  }

  private List<Read> parts(List<DataPath> paths, Optional<HeldOutSpec> split, Path folder)
      throws IOException {
    long weighted = paths.stream().filter(path -> path.weight().isPresent()).count();
    if (weighted != 0 && weighted != paths.size()) {
      throw new CoppiceException(
          ErrorKind.REQUEST_INVALID,
          "weights must be given for all data or none, got "
              + weighted
              + " for "
              + paths.size()
              + " paths");
    }
    PartBuilder builder = builder(folder);
    warn(weightNotes(paths));
    if (weighted == 0) {
      List<Path> all = paths.stream().map(DataPath::path).toList();
      return List.of(part(1, builder.build(all), split));
    }
    List<Read> parts = new ArrayList<>();
    for (DataPath path : paths) {
      PartBuilder.Built built = builder.build(List.of(path.path()));
      parts.add(part(path.weight().orElseThrow(), built, split));
    }
    warn(RepeatedFiles.inMixture(parts.stream().map(Read::paths).toList()));
    return parts;
  }

  /** Remarks on weights that have no effect. */
  static List<String> weightNotes(List<DataPath> paths) {
    return paths.size() == 1 && paths.get(0).weight().isPresent()
        ? List.of(
            "the weight of " + paths.get(0).path() + " changes nothing, as it is the only part")
        : List.of();
  }

  private static Read part(double weight, PartBuilder.Built built, Optional<HeldOutSpec> split) {
    return new Read(new PartSpec(weight, built.sources(), split.orElse(null)), built.paths());
  }

  private TrainingData opened(List<Read> read) throws IOException {
    List<TrainingData.Part> parts = new ArrayList<>();
    List<PartRecord> records = new ArrayList<>();
    for (Read each : read) {
      TokenSequence tokens = opened(each.spec());
      parts.add(new TrainingData.Part(each.spec(), tokens));
      records.add(
          new PartRecord(
              each.spec().weight(),
              each.paths(),
              tokens.documentCount(),
              tokens.tokenCount(),
              null,
              null));
    }
    return TrainingData.of(parts, record(records), reading.documentEnd());
  }

  /** A name a part: its path, or all paths where they are one part. */
  private static List<String> names(List<DataPath> paths) {
    List<String> names = paths.stream().map(path -> path.path().toString()).toList();
    boolean one = paths.stream().allMatch(path -> path.weight().isEmpty());
    return one ? List.of(String.join(", ", names)) : names;
  }

  /** Writes the evaluation data of its own that some paths hold to a folder, as to a run's. */
  void writeOwn(List<Path> own, Path folder) throws IOException {
    writeHeldOut(List.of(), List.of(), new HoldOut(Optional.empty(), own), folder);
  }

  private void writeHeldOut(List<String> names, List<Read> parts, HoldOut holdOut, Path staging)
      throws IOException {
    Path scratch = staging.resolve("scratch");
    new HeldOutWriter(tokenizer, reading.documentEnd())
        .write(judged(names, parts, holdOut, scratch), staging.resolve(DATA));
    Folders.delete(scratch);
  }

  private List<HeldOutWriter.Judged> judged(
      List<String> names, List<Read> parts, HoldOut holdOut, Path scratch) throws IOException {
    List<HeldOutWriter.Judged> judged = new ArrayList<>();
    for (int i = 0; i < parts.size() && holdOut.share().isPresent(); i++) {
      judged.add(new HeldOutWriter.Judged(names.get(i), parts.get(i).spec()));
    }
    PartBuilder builder = new PartBuilder(reading.judging(), tokenizer, progress, scratch);
    List<List<PathRecord>> own = new ArrayList<>();
    for (Path path : holdOut.own()) {
      PartBuilder.Built built = builder.build(List.of(path));
      own.add(built.paths());
      built.paths().stream()
          .flatMap(record -> DataLines.leftOut("held-out data", record).stream())
          .forEach(line -> LOG.warn("{}", line));
      PartSpec part = new PartSpec(1, built.sources(), null);
      judged.add(new HeldOutWriter.Judged(path.toString(), part));
    }
    warn(RepeatedFiles.inHeldOut(parts.stream().map(Read::paths).toList(), own));
    return judged;
  }

  private static void warn(List<String> notes) {
    notes.forEach(note -> LOG.warn("{}", note));
  }

  /** Opens a part's tokens, as they were just found. */
  static TokenSequence opened(PartSpec part) throws IOException {
    return part.splitOff(joined(part));
  }

  /** Opens all of a part's tokens, those that are held out too. */
  static TokenSequence joined(PartSpec part) throws IOException {
    List<TokenSequence> sources = new ArrayList<>();
    for (SourceSpec source : part.sources()) {
      sources.add(source.unverified(PreparationProgress.NONE));
    }
    return JoinedTokens.of(sources);
  }
}
