package dev.coppice.train.data.token;

import static org.assertj.core.api.Assertions.assertThat;

import dev.coppice.moe.text.ByteTokenizer;
import dev.coppice.moe.text.TextPieces;
import dev.coppice.moe.text.Tokenizer;
import dev.coppice.train.data.DataPath;
import dev.coppice.train.data.Preparation;
import dev.coppice.train.data.reading.DataForm;
import dev.coppice.train.data.reading.DataReading;
import dev.coppice.train.data.reading.DocumentEnd;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.OptionalDouble;
import java.util.OptionalInt;
import java.util.Set;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What an entry of the cache is known by. */
class TokenCacheTest {
  private static final Tokenizer BYTES = new ByteTokenizer();
  private static final Tokenizer BASE = new Renamed("one", 256);

  @TempDir private Path folder;
  private Path lines;
  private final Set<Path> known = new HashSet<>();

  /** Bytes under another fingerprint and with ids that are never used. */
  private record Renamed(String fingerprint, int vocabularySize) implements Tokenizer {
    @Override
    public String name() {
      return "renamed";
    }

    @Override
    public TextPieces.Cuts cuts() {
      return BYTES.cuts();
    }

    @Override
    public int[] encodePiece(String piece) {
      return BYTES.encodePiece(piece);
    }

    @Override
    public int[] encode(String prompt) {
      return BYTES.encode(prompt);
    }

    @Override
    public String decode(int... ids) {
      return BYTES.decode(ids);
    }
  }

  @BeforeEach
  void writeLines() throws IOException {
    lines = Files.writeString(folder.resolve("a.jsonl"), "{\"text\": \"a\", \"body\": \"b\"}\n");
  }

  /** How many entries a preparation adds. */
  private int added(Tokenizer tokenizer, DataForm form, String field, OptionalInt end)
      throws IOException {
    Path cache = folder.resolve("cache");
    DataReading reading =
        new DataReading(
            form, field, 2, new DocumentEnd(end, OptionalInt.empty()), Optional.of(cache));
    new Preparation(reading, tokenizer, PreparationProgress.NONE)
        .prepare(
            List.of(new DataPath(lines, OptionalDouble.empty())),
            Optional.empty(),
            folder.resolve("run"))
        .close();
    int before = known.size();
    try (Stream<Path> entries = Files.list(cache.resolve("tokens"))) {
      entries.forEach(known::add);
    }
    return known.size() - before;
  }

  private int added(Tokenizer tokenizer) throws IOException {
    return added(tokenizer, DataForm.AUTO, "text", OptionalInt.empty());
  }

  @Test
  void anEntryIsOfAllThatItIsMadeOf() throws IOException {
    assertThat(added(BASE)).isOne();
    assertThat(added(BASE)).as("the same again").isZero();
    assertThat(added(new Renamed("two", 256))).as("fingerprint of the tokenizer").isOne();
    assertThat(added(new Renamed("one", 300))).as("size of its vocabulary").isOne();
    OptionalInt none = OptionalInt.empty();
    assertThat(added(BASE, DataForm.AUTO, "body", none)).as("field").isOne();
    assertThat(added(BASE, DataForm.TEXT, "text", none)).as("form").isOne();
    assertThat(added(BASE, DataForm.AUTO, "text", OptionalInt.of(9))).as("document end").isOne();
    Files.writeString(lines, "{\"text\": \"b\", \"body\": \"b\"}\n");
    assertThat(added(BASE)).as("what it says").isOne();
  }
}
