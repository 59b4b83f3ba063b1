package dev.coppice.growth;

import com.fasterxml.jackson.databind.node.ObjectNode;
import com.google.common.io.MoreFiles;
import com.google.common.io.RecursiveDeleteOption;
import dev.coppice.growth.moment.TinyState;
import dev.coppice.moe.checkpoint.Checkpoint;
import dev.coppice.moe.checkpoint.ShardLayout;
import dev.coppice.moe.checkpoint.StoredTensor;
import dev.coppice.moe.family.Family;
import dev.coppice.moe.number.FloatFormat;
import dev.coppice.moe.safetensors.Dtype;
import dev.coppice.moe.spec.MoeSpec;
import dev.coppice.moe.testing.MemoryFolders;
import dev.coppice.moe.testing.TinyCheckpoints;
import java.io.Closeable;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;

/** A folder of its own for one test, deleted at the end. */
public final class TestFolder implements Closeable {
  private final Path path;

  /** Makes the folder. */
  public TestFolder() throws IOException {
    path = MemoryFolders.create("coppice-growth-test");
  }

  /** A path inside. */
  public Path of(String name) {
    return path.resolve(name);
  }

  /** Writes a tiny model in several shards and opens it. */
  public Checkpoint source(MoeSpec spec, Dtype dtype) throws IOException {
    return source(spec, Family.named(spec.family()).configFor(spec), dtype);
  }

  /** Writes a tiny model with a given config and opens it. */
  public Checkpoint source(MoeSpec spec, ObjectNode config, Dtype dtype) throws IOException {
    Path folder = of("source");
    TinyCheckpoints.write(
        folder, spec, config, new TinyCheckpoints.Options(dtype, 7, ShardLayout.DEFAULT_MAX_BYTES));
    return Checkpoint.open(folder);
  }

  /** Grows a checkpoint into a folder and opens that. */
  public Checkpoint grow(Checkpoint source, GrowthRequest request, String name) throws IOException {
    GrowthExecutor.run(source, request, of(name), GrowthProgress.NONE);
    return Checkpoint.open(of(name));
  }

  /** Writes random optimizer state of 1234 steps beside a checkpoint. */
  public static void writeState(Path checkpoint) throws IOException {
    try (Checkpoint opened = Checkpoint.open(checkpoint)) {
      TinyState.write(opened, 7);
    }
  }

  /** Names of what lies in the folder, hidden files too. */
  public List<String> names() throws IOException {
    try (Stream<Path> all = Files.list(path)) {
      return all.map(file -> file.getFileName().toString()).sorted().toList();
    }
  }

  /** All bytes of a tensor. */
  public static ByteBuffer bytes(Checkpoint checkpoint, String name) throws IOException {
    StoredTensor tensor = checkpoint.tensor(name);
    ByteBuffer bytes = ByteBuffer.allocate((int) tensor.byteSize()).order(ByteOrder.LITTLE_ENDIAN);
    checkpoint.read(tensor, 0, bytes);
    return bytes.flip();
  }

  /** All elements of a tensor. */
  public static float[] floats(Checkpoint checkpoint, String name) throws IOException {
    FloatFormat format = FloatFormat.of(checkpoint.tensor(name).dtype(), name);
    ByteBuffer bytes = bytes(checkpoint, name);
    float[] floats = new float[bytes.limit() / format.bytes()];
    for (int i = 0; i < floats.length; i++) {
      floats[i] = format.get(bytes, i);
    }
    return floats;
  }

  @Override
  public void close() throws IOException {
    MoreFiles.deleteRecursively(path, RecursiveDeleteOption.ALLOW_INSECURE);
  }
}
