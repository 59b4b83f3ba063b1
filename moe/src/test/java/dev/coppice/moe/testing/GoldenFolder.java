package dev.coppice.moe.testing;

import static org.assertj.core.api.Assertions.assertThat;

import com.google.common.collect.ImmutableList;
import com.google.common.collect.ImmutableMap;
import dev.coppice.moe.checkpoint.Checkpoint;
import dev.coppice.moe.model.LanguageModel;
import dev.coppice.moe.model.Precision;
import dev.coppice.moe.model.TokenBatch;
import dev.coppice.moe.parameter.Parameters;
import dev.coppice.moe.parameter.WeightTransfer;
import dev.coppice.moe.safetensors.SafetensorsFile;
import dev.coppice.moe.safetensors.SafetensorsWriter;
import dev.coppice.moe.safetensors.TensorInfo;
import java.io.IOException;
import java.net.URISyntaxException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Objects;
import java.util.stream.Stream;

/** A checkpoint that transformers saved, and what it computed with it; see generate.py. */
public final class GoldenFolder implements AutoCloseable {
  private static final String VALUES = "golden-transformers-5.18.safetensors";

  private final Checkpoint checkpoint;
  private final SafetensorsFile values;

  public GoldenFolder(String name) throws IOException {
    Path folder = path(name);
    this.checkpoint = Checkpoint.open(folder);
    this.values = SafetensorsFile.open(folder.resolve(VALUES));
  }

  public static Path path(String name) {
    try {
      return Path.of(
          Objects.requireNonNull(GoldenFolder.class.getResource("/golden/" + name)).toURI());
    } catch (URISyntaxException e) {
      throw new IllegalStateException(e);
    }
  }

  /** Every folder's name, in order. */
  public static ImmutableList<String> names() throws IOException {
    try (Stream<Path> folders = Files.list(path(""))) {
      return folders
          .filter(Files::isDirectory)
          .map(folder -> folder.getFileName().toString())
          .sorted()
          .collect(ImmutableList.toImmutableList());
    }
  }

  public LanguageModel open(Precision precision) throws IOException {
    return LanguageModel.open(checkpoint, precision);
  }

  /** Weight of the load-balancing loss; 0 where transformers computes none. */
  public double auxiliaryWeight() {
    return has("aux_loss") ? checkpoint.config().get("router_aux_loss_coef").asDouble() : 0;
  }

  public boolean has(String name) {
    return values.tensors().containsKey(name);
  }

  public float[] floats(String name) throws IOException {
    return floats(values, name);
  }

  private static float[] floats(SafetensorsFile file, String name) throws IOException {
    float[] result = new float[Math.toIntExact(file.tensor(name).elementCount())];
    bytes(file, name).asFloatBuffer().get(result);
    return result;
  }

  private static ByteBuffer bytes(SafetensorsFile file, String name) throws IOException {
    TensorInfo tensor = file.tensor(name);
    ByteBuffer bytes =
        ByteBuffer.allocate(Math.toIntExact(tensor.byteSize())).order(ByteOrder.LITTLE_ENDIAN);
    file.read(tensor, 0, bytes);
    return bytes.flip();
  }

  /** Whole numbers, such as token ids. */
  public int[] integers(String name) throws IOException {
    long[] longs = new long[Math.toIntExact(values.tensor(name).elementCount())];
    bytes(values, name).asLongBuffer().get(longs);
    return Arrays.stream(longs).mapToInt(Math::toIntExact).toArray();
  }

  /** The golden ids, each labelled with its successor. */
  public TokenBatch batch() throws IOException {
    int batch = Math.toIntExact(values.tensor("ids").shape().get(0));
    int sequence = Math.toIntExact(values.tensor("ids").shape().get(1));
    int[] ids = integers("ids");
    int[] labels = new int[ids.length];
    for (int i = 0; i < ids.length; i++) {
      labels[i] = i % sequence == sequence - 1 ? TokenBatch.IGNORED : ids[i + 1];
    }
    return new TokenBatch(ids, labels, batch, sequence);
  }

  /**
   * Asserts that parameters, written as a checkpoint's tensors, are close to the golden tensors of
   * that prefix; every golden one must be among them.
   */
  public void assertClose(Parameters actual, String prefix, double tolerance) throws IOException {
    Path folder = Files.createTempDirectory("golden");
    Path file = folder.resolve("actual.safetensors");
    try {
      try (SafetensorsWriter writer =
          SafetensorsWriter.create(
              file, WeightTransfer.slots(actual.layout(), prefix), ImmutableMap.of())) {
        WeightTransfer.save(actual, prefix, writer);
        writer.finish();
      }
      try (SafetensorsFile written = SafetensorsFile.open(file)) {
        for (String name : goldenNames(prefix)) {
          assertThat(written.tensors()).containsKey(name);
          assertClose(name, floats(written, name), tolerance);
        }
      }
    } finally {
      Files.deleteIfExists(file);
      Files.delete(folder);
    }
  }

  /** Names with a prefix, at least one. */
  public ImmutableList<String> goldenNames(String prefix) {
    ImmutableList<String> names =
        values.tensors().keySet().stream()
            .filter(name -> name.startsWith(prefix))
            .collect(ImmutableList.toImmutableList());
    assertThat(names).isNotEmpty();
    return names;
  }

  /** Asserts that no element is off by more than a share of the largest golden one. */
  public void assertClose(String name, float[] actual, double tolerance) throws IOException {
    float[] expected = floats(name);
    assertThat(actual).as(name).hasSameSizeAs(expected);
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
