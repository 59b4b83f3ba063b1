package dev.coppice.moe.model;

import static org.assertj.core.api.Assertions.assertThat;

import dev.coppice.moe.checkpoint.Checkpoint;
import dev.coppice.moe.model.ParameterLayout.Piece;
import dev.coppice.moe.safetensors.SafetensorsFile;
import dev.coppice.moe.safetensors.TensorInfo;
import java.io.IOException;
import java.net.URISyntaxException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Objects;

/** A checkpoint that transformers saved, and what it computed with it. */
final class GoldenFolder implements AutoCloseable {
  private static final String VALUES = "golden-transformers-5.18.safetensors";

  private final Checkpoint checkpoint;
  private final SafetensorsFile values;

  GoldenFolder(String name) throws IOException {
    Path folder = path(name);
    this.checkpoint = Checkpoint.open(folder);
    this.values = SafetensorsFile.open(folder.resolve(VALUES));
  }

  static Path path(String name) {
    try {
      return Path.of(
          Objects.requireNonNull(GoldenFolder.class.getResource("/golden/" + name)).toURI());
    } catch (URISyntaxException e) {
      throw new IllegalStateException(e);
    }
  }

  LanguageModel open(Precision precision) throws IOException {
    return LanguageModel.open(checkpoint, precision);
  }

  double auxiliaryWeight() {
    return checkpoint.config().get("router_aux_loss_coef").asDouble();
  }

  float[] floats(String name) throws IOException {
    float[] result = new float[Math.toIntExact(values.tensor(name).elementCount())];
    bytes(name).asFloatBuffer().get(result);
    return result;
  }

  private ByteBuffer bytes(String name) throws IOException {
    TensorInfo tensor = values.tensor(name);
    ByteBuffer bytes =
        ByteBuffer.allocate(Math.toIntExact(tensor.byteSize())).order(ByteOrder.LITTLE_ENDIAN);
    values.read(tensor, 0, bytes);
    return bytes.flip();
  }

  /** The golden ids, each labelled with its successor. */
  TokenBatch batch() throws IOException {
    int batch = Math.toIntExact(values.tensor("ids").shape().get(0));
    int sequence = Math.toIntExact(values.tensor("ids").shape().get(1));
    long[] longs = new long[batch * sequence];
    bytes("ids").asLongBuffer().get(longs);
    int[] ids = Arrays.stream(longs).mapToInt(Math::toIntExact).toArray();
    int[] labels = new int[ids.length];
    for (int i = 0; i < ids.length; i++) {
      labels[i] = i % sequence == sequence - 1 ? TokenBatch.IGNORED : ids[i + 1];
    }
    return new TokenBatch(ids, labels, batch, sequence);
  }

  /** Asserts that every tensor of the checkpoint is close to the golden one of that prefix. */
  void assertClose(Parameters actual, String prefix, double tolerance) throws IOException {
    for (var entry : actual.layout().pieces().entrySet()) {
      Piece piece = entry.getValue();
      float[] found = new float[Math.toIntExact(piece.elements())];
      actual.map(piece.slot(), piece.offset(), found.length).asFloatBuffer().get(found);
      assertClose(prefix + entry.getKey(), found, tolerance);
    }
  }

  /** Asserts that no element is off by more than a share of the largest golden one. */
  void assertClose(String name, float[] actual, double tolerance) throws IOException {
    float[] expected = floats(name);
    double largest = 0;
    double error = 0;
    for (int i = 0; i < expected.length; i++) {
      largest = Math.max(largest, Math.abs(expected[i]));
      error = Math.max(error, Math.abs(actual[i] - expected[i]));
    }
    assertThat(error).as(name).isLessThanOrEqualTo(tolerance * largest);
  }

  @Override
  public void close() throws IOException {
    values.close();
    checkpoint.close();
  }
}
