package dev.coppice.train.data;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.coppice.moe.CoppiceException;
import dev.coppice.moe.text.ByteTokenizer;
import dev.coppice.train.data.reading.DataForm;
import dev.coppice.train.data.reading.DataReading;
import dev.coppice.train.data.reading.DataRules;
import dev.coppice.train.data.reading.DocumentEnd;
import dev.coppice.train.data.reading.DocumentStart;
import dev.coppice.train.data.token.PreparationProgress;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.Random;
import java.util.stream.IntStream;
import org.assertj.core.api.AbstractThrowableAssert;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Files of tokens whose width must be seen, said or asked for. */
class TokenWidthTest extends DataTestBase {
  private static final int[] SMALL = {5, 1, 200, 3, 50, 60, 0, 9, 11, 12, 13, 14, 15, 16, 17, 18};
  private static final int[] LARGE = {
    128_000, 5, 900, 65_536, 70_000, 4, 12_000, 99_999, 3, 30_000, 1, 2, 3, 4, 5, 100_000
  };

  private static byte[] bytes(int width, int... tokens) {
    ByteBuffer buffer = ByteBuffer.allocate(width * tokens.length).order(ByteOrder.LITTLE_ENDIAN);
    for (int token : tokens) {
      switch (width) {
        case 1 -> buffer.put((byte) token);
        case 2 -> buffer.putShort((short) token);
        case 4 -> buffer.putInt(token);
        default -> buffer.putLong(token);
      }
    }
    return buffer.array();
  }

  private Path bin(String name, int width, int... tokens) throws IOException {
    return Files.write(folder.resolve(name), bytes(width, tokens));
  }

  private int[] read(Path file, DataForm form, OptionalInt width, int vocabulary)
      throws IOException {
    DataReading reading =
        new DataReading(
            form,
            "text",
            width,
            DocumentStart.NONE,
            DocumentEnd.NONE,
            Optional.of(cache),
            new DataRules(false, false, vocabulary));
    try (TrainingData data =
        new Preparation(reading, new ByteTokenizer(), PreparationProgress.NONE)
            .prepare(List.of(path(file)), Optional.empty(), run)) {
      int[] all = data.batches((int) data.tokenCount() - 1, 1, false).batch(0, 1).ids();
      assertThat(data.tokenCount()).isEqualTo(all.length + 1L);
      return all;
    }
  }

  private static int[] butLast(int... tokens) {
    return java.util.Arrays.copyOf(tokens, tokens.length - 1);
  }

  private AbstractThrowableAssert<?, ?> refused(Path file, OptionalInt width, int vocabulary) {
    return assertThatThrownBy(() -> read(file, DataForm.AUTO, width, vocabulary))
        .isInstanceOf(CoppiceException.class)
        .hasMessageContaining(folder.toString());
  }

  private AbstractThrowableAssert<?, ?> refused(Path file) {
    return refused(file, OptionalInt.empty(), 256);
  }

  @Test
  void wideTokensReadAsNarrowOnesAreSeen() throws IOException {
    refused(bin("u32.bin", 4, SMALL)).hasMessageContaining("(--bin-width 4; ");
    refused(bin("i64.bin", 8, SMALL)).hasMessageContaining("(--bin-width 8; ");
    Path large = bin("large.bin", 4, LARGE);
    refused(large, OptionalInt.of(2), 150_000).hasMessageContaining("(--bin-width 4; ");
    Path longer = bin("longer.bin", 8, LARGE);
    refused(longer, OptionalInt.of(2), 150_000).hasMessageContaining("(--bin-width 8; ");
    refused(longer, OptionalInt.of(4), 150_000).hasMessageContaining("(--bin-width 8; ");
  }

  @Test
  void theWidthThatIsGivenIsRead() throws IOException {
    for (int width : new int[] {2, 4, 8}) {
      Path file = bin("of-" + width + ".bin", width, SMALL);
      assertThat(read(file, DataForm.AUTO, OptionalInt.of(width), 256)).isEqualTo(butLast(SMALL));
    }
  }

  @Test
  void oneIdThroughoutIsRefused() throws IOException {
    refused(bin("zeros.bin", 2, new int[40]))
        .hasMessageContaining("tokens must have several ids, got 40 times 0");
    int[] sevens = new int[40];
    java.util.Arrays.fill(sevens, 7);
    refused(bin("sevens.bin", 2, sevens)).hasMessageContaining("got 40 times 7");
  }

  @Test
  void bigEndianTokensOfASmallVocabularyAreRefused() throws IOException {
    int[] turned = java.util.Arrays.stream(SMALL).map(id -> id << 8).toArray();
    refused(bin("big.bin", 2, turned), OptionalInt.of(2), 65_536)
        .hasMessageContaining(
            "tokens must be little-endian, got ids that are all multiples of 256");
    int[] mixed = turned.clone();
    mixed[3] = 1;
    assertThat(read(bin("mixed.bin", 2, mixed), DataForm.AUTO, OptionalInt.of(2), 65_536))
        .isEqualTo(butLast(mixed));
  }

  /** Ids as text has them: small ones often, large ones seldom. */
  private static int[] text(int vocabulary, int tokens) {
    Random random = new Random(5);
    return IntStream.range(0, tokens)
        .map(i -> (int) (vocabulary * Math.pow(random.nextDouble(), 3)))
        .toArray();
  }

  private static int[] swapped(int... ids) {
    return IntStream.of(ids).map(id -> (id & 0xFF) << 8 | id >> 8).toArray();
  }

  @ParameterizedTest
  @CsvSource({"2000, 1024", "4096, 5000", "16000, 20000", "32000, 70000", "50257, 70000"})
  void bigEndianTokensOfALargeVocabularyAreRefusedByTheirBytes(int vocabulary, int tokens)
      throws IOException {
    int[] ids = text(vocabulary, tokens);
    refused(bin("big.bin", 2, swapped(ids)), OptionalInt.of(2), 70_000)
        .hasMessageContaining("tokens must be little-endian, got ids with ")
        .hasMessageContaining("; a .npy file states its order");
    assertThat(read(bin("a.bin", 2, ids), DataForm.AUTO, OptionalInt.of(2), 70_000))
        .isEqualTo(butLast(ids));
  }

  @ParameterizedTest
  @ValueSource(ints = {300, 2000, 16_000, 32_000, 50_257, 65_536})
  void tokensOfAnyVocabularyAreReadHoweverManyThereAre(int vocabulary) throws IOException {
    for (int tokens : new int[] {40, 1024, 66_000}) {
      int[] ids = text(vocabulary, tokens);
      Path file = bin("of-" + tokens + ".bin", 2, ids);
      assertThat(read(file, DataForm.AUTO, OptionalInt.of(2), 70_000)).isEqualTo(butLast(ids));
    }
  }

  @Test
  void anOrderThatTheFileStatesIsNotJudged() throws IOException {
    int[] ids = swapped(text(4096, 5000));
    Path file = npy("a.npy", "<u2", ids.length + ",", bytes(2, ids));
    assertThat(read(file, DataForm.AUTO, OptionalInt.empty(), 70_000)).isEqualTo(butLast(ids));
  }

  @Test
  void oneIdThroughoutIsRefusedWhateverTheForm() throws IOException {
    refused(npy("a.npy", "<u2", "40,", bytes(2, new int[40])))
        .hasMessageContaining("tokens must have several ids, got 40 times 0");
    ByteBuffer llmc = ByteBuffer.allocate(1024 + 80).order(ByteOrder.LITTLE_ENDIAN);
    llmc.putInt(0, 20_240_520).putInt(4, 1).putInt(8, 40);
    refused(Files.write(folder.resolve("llmc.bin"), llmc.array()))
        .hasMessageContaining("tokens must have several ids, got 40 times 0");
  }

  @Test
  void largeVocabulariesAskForTheWidth() throws IOException {
    Path file = bin("a.bin", 4, LARGE);
    refused(file, OptionalInt.empty(), 151_936)
        .hasMessageStartingWith("--bin-width must be given")
        .hasMessageContaining("a vocabulary of 151936");
    assertThat(read(file, DataForm.AUTO, OptionalInt.of(4), 151_936)).isEqualTo(butLast(LARGE));
  }

  @Test
  void anIndexThatIsNoneIsAnError() throws IOException {
    Path bin = bin("m.bin", 2, SMALL);
    Path index = folder.resolve("m.idx");
    Files.write(index, "TNTIDX\0\0 and more".getBytes(StandardCharsets.ISO_8859_1));
    refused(bin).hasMessageContaining("index must begin with MMIDIDX, got TNTIDX");
    Files.write(index, new byte[50]);
    refused(bin).hasMessageContaining("index must begin with MMIDIDX, got other bytes");
    Files.write(index, "MMIDIDX\0\0".getBytes(StandardCharsets.ISO_8859_1));
    refused(bin).hasMessageContaining("index must begin with MMIDIDX");
    refused(folder.resolve("m")).hasMessageContaining("index must begin with MMIDIDX");
    assertThat(read(bin, DataForm.NANOGPT, OptionalInt.of(2), 256)).isEqualTo(butLast(SMALL));
    Path lost = bin("corpus_text_document.bin", 2, SMALL);
    refused(lost).hasMessageContaining("index of Megatron must be beside " + lost + ", got none");
    assertThat(read(lost, DataForm.NANOGPT, OptionalInt.of(2), 256)).isEqualTo(butLast(SMALL));
  }

  private Path npy(String name, String type, String shape, byte... data) throws IOException {
    String header = "{'descr': '" + type + "', 'fortran_order': False, 'shape': (" + shape + "), }";
    String padded = header + " ".repeat(117 - header.length()) + "\n";
    ByteArrayOutputStream out = new ByteArrayOutputStream();
    out.write(new byte[] {(byte) 0x93, 'N', 'U', 'M', 'P', 'Y', 1, 0, 118, 0});
    out.write(padded.getBytes(StandardCharsets.ISO_8859_1));
    out.write(data);
    return Files.write(folder.resolve(name), out.toByteArray());
  }

  @Test
  void plainArraysOfNumpyAreReadWhateverTheirName() throws IOException {
    String[] types = {"<u2", "<u4", "<i4", "<i8", "|u1"};
    int[] widths = {2, 4, 4, 8, 1};
    for (int i = 0; i < types.length; i++) {
      for (String name : new String[] {"a.npy", "a.bin"}) {
        Path file = npy(name, types[i], "16,", bytes(widths[i], SMALL));
        assertThat(read(file, DataForm.AUTO, OptionalInt.empty(), 151_936))
            .isEqualTo(butLast(SMALL));
      }
    }
  }

  @Test
  void otherArraysOfNumpyAreRefusedByName() throws IOException {
    refused(npy("a.npy", "<f4", "16,", bytes(4, SMALL))).hasMessageContaining("got <f4");
    refused(npy("a.npy", ">u2", "16,", bytes(2, SMALL))).hasMessageContaining("got >u2");
    refused(npy("a.npy", "<u2", "4, 4", bytes(2, SMALL)))
        .hasMessageContaining("must have one dimension, got shape (4, 4)");
    refused(npy("a.npy", "<u2", "17,", bytes(2, SMALL)))
        .hasMessageContaining("of 17 tokens must have 162 bytes, got 160");
    refused(npy("a.npy", "<i4", "16,", bytes(4, -1, 1, 2, 3, 4, 5, 6, 7, 8, 9, 1, 2, 3, 4, 5, 6)))
        .hasMessageContaining("token must lie in 0..2147483646, got -1");
  }
}
