package dev.coppice.train.data.heldout;

import com.google.common.collect.ImmutableList;
import dev.coppice.moe.CoppiceException;
import dev.coppice.moe.ErrorKind;
import dev.coppice.train.TrainJson;
import dev.coppice.train.data.token.DocumentRange;
import dev.coppice.train.data.token.TokenFile;
import dev.coppice.train.data.token.TokenSequence;
import java.io.Closeable;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;

/** Evaluation data of a run, source by source. */
public final class HeldOut implements Closeable {
  /** The folder of a run for its data. */
  public static final String FOLDER = "data";

  /** The file of a run's evaluation data. */
  public static final String FILE = "held-out.tokens";

  /** The file beside it that names its sources. */
  public static final String INDEX_FILE = "held-out.json";

  private final TokenFile file;
  private final ImmutableList<Source> sources;

  private HeldOut(TokenFile file, List<Source> sources) {
    this.file = file;
    this.sources = ImmutableList.copyOf(sources);
  }

  /**
   * One source.
   *
   * @param name as the user gave its path
   * @param tokens of it; closed with the whole
   * @param documentEnd token that was put behind documents, if one was
   */
  public record Source(String name, TokenSequence tokens, OptionalInt documentEnd) {}

  /**
   * Opens the evaluation data of a run. A run of an older version has one source, without a name.
   *
   * @param runFolder folder of the run
   * @return empty if it has no evaluation
   * @throws CoppiceException when its files are damaged
   * @throws IOException when they cannot be read
   */
  public static Optional<HeldOut> open(Path runFolder) throws IOException {
    Optional<Path> tokens = in(runFolder);
    if (tokens.isEmpty()) {
      return Optional.empty();
    }
    TokenFile file = TokenFile.open(tokens.get());
    Path index = tokens.get().resolveSibling(INDEX_FILE);
    if (!Files.exists(index)) {
      return Optional.of(
          new HeldOut(file, List.of(new Source("held-out", file, OptionalInt.empty()))));
    }
    return Optional.of(
        new HeldOut(file, sources(file, TrainJson.read(index, HeldOutIndex.class), index)));
  }

  /** Where the held-out text of a run is, if it has any. */
  public static Optional<Path> in(Path runFolder) {
    return Optional.of(runFolder.resolve(FOLDER).resolve(FILE)).filter(Files::exists);
  }

  private static List<Source> sources(TokenFile file, HeldOutIndex index, Path path) {
    ImmutableList.Builder<Source> sources = ImmutableList.builder();
    long first = 0;
    for (HeldOutIndex.Source source : index.sources()) {
      if (source.documents() < 1 || first + source.documents() > file.documentCount()) {
        throw new CoppiceException(
            ErrorKind.INPUT_INVALID,
            "held-out sources must have the "
                + file.documentCount()
                + " documents of held-out.tokens, got others ("
                + path
                + ")");
      }
      Integer end = source.documentEnd();
      sources.add(
          new Source(
              source.name(),
              new DocumentRange(file, first, source.documents()),
              end == null ? OptionalInt.empty() : OptionalInt.of(end)));
      first += source.documents();
    }
    return sources.build();
  }

  /** The sources, in order; at least one. */
  public ImmutableList<Source> sources() {
    return sources;
  }

  @Override
  public void close() {
    file.close();
  }
}
