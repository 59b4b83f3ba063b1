package dev.coppice.train.data;

import dev.coppice.moe.CoppiceException;
import dev.coppice.moe.ExitCode;
import dev.coppice.moe.text.Tokenizer;
import dev.coppice.train.Folders;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;

/** From paths and options to the data of a run, and what is held out of it. */
public final class Preparation {
  private static final String DATA = "data";
  private static final String HELD_OUT = "held-out.tokens";

  private final DataReading reading;
  private final Tokenizer tokenizer;
  private final PreparationProgress progress;

  /**
   * A preparation.
   *
   * @param reading how data is read
   * @param tokenizer of text; must stay open
   * @param progress hears the bytes read
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
  public TrainingData prepare(
      List<DataPath> paths, Optional<PartSpec.HeldOutSpec> split, Path runFolder)
      throws IOException {
    Path run = runFolder.toAbsolutePath().normalize();
    Files.createDirectories(Folders.parent(run));
    Path staging =
        Files.createTempDirectory(Folders.parent(run), "." + Folders.name(run) + ".tmp-");
    try {
      List<PartSpec> parts = parts(paths, split, staging.resolve(DATA));
      holdOut(parts, staging.resolve(DATA));
      if (Files.exists(staging.resolve(DATA))) {
        Files.move(staging, run, StandardCopyOption.ATOMIC_MOVE);
      }
      return opened(parts.stream().map(part -> part.within(staging).from(run)).toList());
    } finally {
      Folders.delete(staging);
    }
  }

  /** Where the held-out text of a run is, if it has any. */
  public static Optional<Path> heldOut(Path runFolder) {
    return Optional.of(runFolder.resolve(DATA).resolve(HELD_OUT)).filter(Files::exists);
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
    PartSpec part = new PartSpec(1, builder(scratch).sources(paths), null);
    if (part.sources().size() == 1 && part.sources().get(0).form() == DataForm.TOKENS) {
      return TokenFile.open(Path.of(part.sources().get(0).path()));
    }
    try (TokenSequence all = opened(part)) {
      return DocumentCopy.write(
          scratch.resolve("copy.tokens"),
          all.vocabularySize(),
          tokenizer,
          copy -> {
            for (long d = 0; d < all.documentCount(); d++) {
              copy.add(all, d);
            }
          });
    }
  }

  private PartBuilder builder(Path folder) {
    return new PartBuilder(reading, tokenizer, progress, folder);
  }

  private List<PartSpec> parts(
      List<DataPath> paths, Optional<PartSpec.HeldOutSpec> split, Path folder) throws IOException {
    long weighted = paths.stream().filter(path -> path.weight().isPresent()).count();
    if (weighted != 0 && weighted != paths.size()) {
      throw new CoppiceException(
          ExitCode.USAGE,
          "weights must be given for all data or none, got "
              + weighted
              + " for "
              + paths.size()
              + " paths");
    }
    PartBuilder builder = builder(folder);
    if (weighted == 0) {
      List<Path> all = paths.stream().map(DataPath::path).toList();
      return List.of(new PartSpec(1, builder.sources(all), split.orElse(null)));
    }
    List<PartSpec> parts = new ArrayList<>();
    for (DataPath path : paths) {
      parts.add(
          new PartSpec(
              path.weight().orElseThrow(),
              builder.sources(List.of(path.path())),
              split.orElse(null)));
    }
    return parts;
  }

  private static TokenSequence opened(PartSpec part) throws IOException {
    List<TokenSequence> sources = new ArrayList<>();
    for (SourceSpec source : part.sources()) {
      sources.add(source.unverified(PreparationProgress.NONE));
    }
    return part.splitOff(JoinedTokens.of(sources));
  }

  private static TrainingData opened(List<PartSpec> specs) throws IOException {
    List<TrainingData.Part> parts = new ArrayList<>();
    for (PartSpec spec : specs) {
      parts.add(new TrainingData.Part(spec, opened(spec)));
    }
    return TrainingData.of(parts);
  }

  private void holdOut(List<PartSpec> specs, Path folder) throws IOException {
    if (specs.get(0).split() == null) {
      return;
    }
    try (TrainingData data = opened(specs)) {
      DocumentCopy.write(
              folder.resolve(HELD_OUT), data.vocabularySize(), tokenizer, data::copyHeldOut)
          .close();
    }
  }
}
