package dev.coppice.train.data;

import dev.coppice.moe.text.ByteTokenizer;
import dev.coppice.train.data.reading.DataForm;
import dev.coppice.train.data.reading.DataReading;
import dev.coppice.train.data.reading.DocumentEnd;
import dev.coppice.train.data.token.PreparationProgress;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.OptionalDouble;

/**
 * Prepares a text into a cache: says {@code making} in the midst of it, goes on when it is told,
 * and says the fingerprint.
 */
final class PreparingProcess {
  private PreparingProcess() {}

  /** Takes the text, the cache and the run's folder. */
  public static void main(String[] arguments) throws IOException {
    boolean[] waited = {false};
    PreparationProgress progress =
        (what, done, total) -> {
          if (!waited[0]) {
            waited[0] = true;
            System.out.println("making");
            await();
          }
        };
    DataReading reading =
        new DataReading(
            DataForm.AUTO, "text", 2, DocumentEnd.NONE, Optional.of(Path.of(arguments[1])));
    DataPath text = new DataPath(Path.of(arguments[0]), OptionalDouble.empty());
    try (TrainingData data =
        new Preparation(reading, new ByteTokenizer(), progress)
            .prepare(List.of(text), Optional.empty(), Path.of(arguments[2]))) {
      System.out.println(data.fingerprint());
    }
  }

  private static void await() {
    try {
      if (System.in.read() < 0) {
        throw new IllegalStateException("must be told to go on");
      }
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
