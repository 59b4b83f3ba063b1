package dev.coppice.moe.safetensors;

import static org.assertj.core.api.Assertions.assertThat;

import com.code_intelligence.jazzer.junit.FuzzTest;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.stream.Stream;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * Any bytes as a file, and as a header: a clean result or one named error, and what was read can be
 * written and read again.
 *
 * <p>The seeds are the headers of the verdict table. A normal build runs the seeds only.
 */
class HeaderFuzzTest {
  private static final Path FILE = Path.of("fuzzed.safetensors");
  private static final int MAX_SEED = 4096;
  private static final long MAX_DATA = 1 << 16;

  /** Prefix and header of the table's small files, without their data. */
  static Stream<byte[]> seeds() {
    return HostileHeaders.all()
        .filter(row -> !row.name().contains("cap"))
        .map(row -> row.bytes().get())
        .map(HeaderFuzzTest::withoutData)
        .filter(file -> file.length <= MAX_SEED);
  }

  private static byte[] withoutData(byte[] file) {
    if (file.length < Long.BYTES) {
      return file;
    }
    long header = ByteBuffer.wrap(file).order(ByteOrder.LITTLE_ENDIAN).getLong();
    boolean fits = header >= 0 && header <= file.length - Long.BYTES;
    return fits ? Arrays.copyOf(file, Long.BYTES + (int) header) : file;
  }

  @MethodSource("seeds")
  @FuzzTest(maxExecutions = 1_000_000, maxDuration = "30m")
  void anyBytes(byte[] bytes) throws IOException {
    open(bytes);
    if (bytes.length > Long.BYTES) {
      readAndWriteAgain(Arrays.copyOfRange(bytes, Long.BYTES, bytes.length));
    }
  }

  private static void open(byte[] file) throws IOException {
    try (SafetensorsFile opened = SafetensorsFile.open(FILE, new BytesChannel(file))) {
      assertThat(opened.dataOffset()).isLessThanOrEqualTo(file.length);
    } catch (CheckpointFormatException e) {
      assertPlain(e);
    }
  }

  private static void readAndWriteAgain(byte[] header) throws IOException {
    HeaderParser.Header read;
    try {
      read = HeaderParser.parse(FILE, ByteBuffer.wrap(header));
    } catch (CheckpointFormatException e) {
      assertPlain(e);
      return;
    }
    long data = read.tensors().values().stream().mapToLong(TensorInfo::end).max().orElse(0);
    if (data > MAX_DATA) {
      return;
    }
    byte[] file = HostileCase.prefixed(header.length, header, (int) data);
    try (SafetensorsFile opened = SafetensorsFile.open(FILE, new BytesChannel(file))) {
      assertSurvives(opened);
    } catch (CheckpointFormatException e) {
      assertPlain(e);
    }
  }

  private static void assertSurvives(SafetensorsFile opened) throws IOException {
    var slots =
        opened.tensors().values().stream()
            .map(info -> new TensorSlot(info.name(), info.dtype(), info.shape()))
            .toList();
    byte[] written = SafetensorsWriter.header(SafetensorsWriter.layOut(slots), opened.metadata());
    HeaderParser.Header again = HeaderParser.parse(FILE, ByteBuffer.wrap(written));
    assertThat(again.warnings()).isEmpty();
    assertThat(again.metadata()).isEqualTo(opened.metadata());
    assertThat(again.tensors().keySet()).isEqualTo(opened.tensors().keySet());
    for (TensorSlot slot : slots) {
      TensorInfo info = again.tensors().get(slot.name());
      assertThat(new TensorSlot(info.name(), info.dtype(), info.shape())).isEqualTo(slot);
    }
  }

  private static void assertPlain(CheckpointFormatException e) {
    assertThat(e.getMessage()).startsWith(FILE + ": ").hasSizeLessThan(1200).doesNotContain("\n");
  }
}
