package dev.coppice.train.data;

import dev.coppice.moe.text.ByteTokenizer;
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
abstract class DataTestBase {
  @TempDir Path folder;
  Path cache;
  Path run;

  @BeforeEach
  void name() {
    cache = folder.resolve("cache");
    run = folder.resolve("run");
  }

  static DataReading reading(Optional<Path> kept) {
    return new DataReading(DataForm.AUTO, "text", 2, DocumentEnd.NONE, kept);
  }

  TrainingData prepare(Optional<Path> kept, Optional<Double> share, DataPath... paths)
      throws IOException {
    return new Preparation(reading(kept), new ByteTokenizer(), PreparationProgress.NONE)
        .prepare(List.of(paths), share.map(s -> new PartSpec.HeldOutSpec(s, 1)), run);
  }

  static DataPath path(Path path) {
    return new DataPath(path, OptionalDouble.empty());
  }

  Path texts(int count) throws IOException {
    Path texts = Files.createDirectories(folder.resolve("texts"));
    for (int i = 0; i < count; i++) {
      Files.writeString(texts.resolve("text-" + i), "document " + i + " says ".repeat(10));
    }
    return texts;
  }

  List<Path> entries() throws IOException {
    try (Stream<Path> entries = Files.list(cache.resolve("tokens"))) {
      return entries.toList();
    }
  }

  static byte[] bytes(TokenSequence tokens) {
    byte[] bytes = new byte[(int) tokens.tokenCount()];
    for (int i = 0; i < bytes.length; i++) {
      bytes[i] = (byte) tokens.token(i);
    }
    return bytes;
  }
}
