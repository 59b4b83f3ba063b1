package dev.coppice.train.data;

import dev.coppice.moe.text.ByteTokenizer;
import dev.coppice.train.data.heldout.HeldOutSpec;
import dev.coppice.train.data.reading.DataForm;
import dev.coppice.train.data.reading.DataReading;
import dev.coppice.train.data.reading.DocumentEnd;
import dev.coppice.train.data.token.PreparationProgress;
import dev.coppice.train.data.token.TokenSequence;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.OptionalDouble;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.io.TempDir;

/** A folder with a cache and a run, and how tests prepare data in it. */
public abstract class DataTestBase {
  @TempDir protected Path folder;
  protected Path cache;
  protected Path run;

  @BeforeEach
  protected void name() {
    cache = folder.resolve("cache");
    run = folder.resolve("run");
  }

  protected static DataReading reading(Optional<Path> kept) {
    return new DataReading(DataForm.AUTO, "text", 2, DocumentEnd.NONE, kept);
  }

  protected TrainingData prepare(Optional<Path> kept, Optional<Double> share, DataPath... paths)
      throws IOException {
    return new Preparation(reading(kept), new ByteTokenizer(), PreparationProgress.NONE)
        .prepare(List.of(paths), share.map(s -> new HeldOutSpec(s, 1)), run);
  }

  protected static DataPath path(Path path) {
    return new DataPath(path, OptionalDouble.empty());
  }

  protected Path texts(int count) throws IOException {
    Path texts = Files.createDirectories(folder.resolve("texts"));
    for (int i = 0; i < count; i++) {
      Files.writeString(texts.resolve("text-" + i), "document " + i + " says ".repeat(10));
    }
    return texts;
  }

  protected List<Path> entries() throws IOException {
    try (Stream<Path> entries = Files.list(cache.resolve("tokens"))) {
      return entries.toList();
    }
  }

  protected static byte[] bytes(TokenSequence tokens) {
    byte[] bytes = new byte[(int) tokens.tokenCount()];
    for (int i = 0; i < bytes.length; i++) {
      bytes[i] = (byte) tokens.token(i);
    }
    return bytes;
  }
}
