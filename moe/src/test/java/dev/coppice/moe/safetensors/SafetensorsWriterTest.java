package dev.coppice.moe.safetensors;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.google.common.collect.ImmutableList;
import com.google.common.collect.ImmutableMap;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Random;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class SafetensorsWriterTest {
  private static final TensorSlot BYTES = new TensorSlot("bytes", Dtype.U8, ImmutableList.of(3L));
  private static final TensorSlot FLOATS =
      new TensorSlot("floats", Dtype.F32, ImmutableList.of(1L, 2L));

  @TempDir Path folder;
  private Path file;

  @BeforeEach
  void nameTheFile() {
    file = folder.resolve("x.safetensors");
  }

  @Test
  void laysTheReferenceBytesDown() throws IOException {
    try (SafetensorsWriter writer = create(BYTES, FLOATS)) {
      writer.write("bytes", 0, ByteBuffer.wrap(new byte[] {1, 2, 3}));
      writer.write("floats", 4, ByteBuffer.wrap(new byte[] {8, 9, 10, 11}));
      writer.write("floats", 0, ByteBuffer.wrap(new byte[] {4, 5, 6, 7}));
      writer.finish();
    }
    String header =
        "{\"__metadata__\":{\"format\":\"pt\"},"
            + "\"floats\":{\"dtype\":\"F32\",\"shape\":[1,2],\"data_offsets\":[0,8]},"
            + "\"bytes\":{\"dtype\":\"U8\",\"shape\":[3],\"data_offsets\":[8,11]}}";
    byte[] all = Files.readAllBytes(file);
    int padded = (header.length() + 7) / 8 * 8;
    assertThat(ByteBuffer.wrap(all).order(ByteOrder.LITTLE_ENDIAN).getLong()).isEqualTo(padded);
    assertThat(new String(all, 8, padded, StandardCharsets.UTF_8).stripTrailing())
        .isEqualTo(header);
    assertThat(all).hasSize(8 + padded + 11).endsWith(4, 5, 6, 7, 8, 9, 10, 11, 1, 2, 3);
  }

  @Test
  void copiesLargeAndSmallRangesFromAnotherFile() throws IOException {
    byte[] content = new byte[3_000_000];
    new Random(1).nextBytes(content);
    Path source = Files.write(folder.resolve("source"), content);
    TensorSlot big = new TensorSlot("big", Dtype.U8, ImmutableList.of(2_900_000L));
    try (SafetensorsWriter writer = create(big);
        FileChannel channel = FileChannel.open(source)) {
      writer.transferFrom("big", 1000, channel, 1100, 2_899_000);
      writer.transferFrom("big", 0, channel, 100, 1000);
      writer.finish();
    }
    ByteBuffer read = ByteBuffer.allocate(2_900_000);
    try (SafetensorsFile opened = SafetensorsFile.open(file)) {
      opened.read(opened.tensor("big"), 0, read);
    }
    assertThat(read.flip()).isEqualTo(ByteBuffer.wrap(content, 100, 2_900_000));
  }

  @Test
  void refusesToFinishWithATensorHalfWritten() throws IOException {
    try (SafetensorsWriter writer = create(BYTES)) {
      writer.write("bytes", 0, ByteBuffer.allocate(2));
      assertThatThrownBy(writer::finish)
          .isInstanceOf(IllegalStateException.class)
          .hasMessage("tensor 'bytes' of " + file + " must get 3 bytes, got 2");
    }
  }

  @Test
  void refusesWritesOutsideATensor() throws IOException {
    try (SafetensorsWriter writer = create(BYTES)) {
      assertThatThrownBy(() -> writer.write("bytes", 2, ByteBuffer.allocate(2)))
          .hasMessage("write of 2 bytes at 2 must lie within the 3 bytes of tensor 'bytes'");
      assertThatThrownBy(() -> writer.write("other", 0, ByteBuffer.allocate(1)))
          .hasMessageContaining("got 'other'");
    }
  }

  @Test
  void reportsASourceThatEndsTooEarly() throws IOException {
    Path source = Files.write(folder.resolve("short"), new byte[10]);
    TensorSlot big = new TensorSlot("big", Dtype.U8, ImmutableList.of(100_000L));
    try (SafetensorsWriter writer = create(big);
        FileChannel channel = FileChannel.open(source)) {
      assertThatThrownBy(() -> writer.transferFrom("big", 0, channel, 0, 100_000))
          .isInstanceOf(CheckpointFormatException.class)
          .hasMessageContaining("ends at offset 10");
    }
  }

  @Test
  void neverWritesOverAFile() throws IOException {
    Files.write(file, new byte[1]);
    assertThatThrownBy(() -> create(BYTES)).isInstanceOf(FileAlreadyExistsException.class);
    assertThat(file).hasSize(1);
  }

  private SafetensorsWriter create(TensorSlot... slots) throws IOException {
    return SafetensorsWriter.create(
        file, ImmutableList.copyOf(slots), ImmutableMap.of("format", "pt"));
  }
}
