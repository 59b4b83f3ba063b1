package dev.coppice.train.cli;

import dev.coppice.moe.spec.MoeSpec;
import dev.coppice.moe.text.ByteTokenizer;
import dev.coppice.moe.text.Tokenizer;
import dev.coppice.moe.text.Tokenizers;
import dev.coppice.train.Folders;
import dev.coppice.train.data.CorpusBuilder;
import dev.coppice.train.data.HeldOutSplit;
import dev.coppice.train.data.TextFolder;
import dev.coppice.train.data.TokenFile;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.List;
import java.util.Optional;

/** Makes token files of what {@code --data} names; a token file is taken as it is. */
final class TextData {
  private static final String DATA = "data";
  private static final String TRAIN = "train.tokens";

  /** The part of a run's data that is not trained on. */
  static final String HELD_OUT = "held-out.tokens";

  private TextData() {}

  /** The token file that a list of paths names, if it names just one. */
  static Optional<TokenFile> ready(List<Path> paths) throws IOException {
    return paths.size() == 1 && TokenFile.isTokenFile(paths.get(0))
        ? Optional.of(TokenFile.open(paths.get(0)))
        : Optional.empty();
  }

  /**
   * Tokenises text into a run's folder, which appears with all of it or not at all.
   *
   * @param paths of text
   * @param run folder that does not exist
   * @param heldOut share of the text to hold out, if any
   * @param seed of the split
   * @return the file to train on
   */
  static TokenFile intoRun(List<Path> paths, Path run, Optional<Double> heldOut, long seed)
      throws IOException {
    Path absolute = run.toAbsolutePath().normalize();
    Files.createDirectories(Folders.parent(absolute));
    Path staging =
        Files.createTempDirectory(Folders.parent(absolute), "." + Folders.name(absolute) + ".tmp-");
    try {
      tokenize(paths, staging.resolve(DATA), heldOut, seed);
      Files.move(staging, absolute, StandardCopyOption.ATOMIC_MOVE);
    } finally {
      Folders.delete(staging);
    }
    return TokenFile.open(absolute.resolve(DATA).resolve(TRAIN));
  }

  private static void tokenize(List<Path> paths, Path folder, Optional<Double> heldOut, long seed)
      throws IOException {
    ByteTokenizer tokenizer = new ByteTokenizer();
    if (heldOut.isEmpty()) {
      CorpusBuilder.tokenize(paths, tokenizer, folder.resolve(TRAIN)).close();
      return;
    }
    HeldOutSplit split = HeldOutSplit.of(TextFolder.find(paths), heldOut.get(), seed);
    CorpusBuilder.tokenizeDocuments(split.train(), tokenizer, folder.resolve(TRAIN)).close();
    CorpusBuilder.tokenizeDocuments(split.heldOut(), tokenizer, folder.resolve(HELD_OUT)).close();
  }

  /** What a checkpoint reads text with: its own {@code tokenizer.json}, else bytes. */
  static Tokenizer tokenizer(Path checkpoint, MoeSpec model) throws IOException {
    return Files.isRegularFile(checkpoint.resolve("tokenizer.json"))
        ? Tokenizers.of(checkpoint, model.vocabularySize())
        : new ByteTokenizer();
  }

  /** Where a run's held-out text is, if it has any. */
  static Optional<Path> heldOut(Path run) {
    return Optional.of(run.resolve(DATA).resolve(HELD_OUT)).filter(Files::exists);
  }
}
