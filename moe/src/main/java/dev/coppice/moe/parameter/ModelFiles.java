package dev.coppice.moe.parameter;

import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.coppice.moe.checkpoint.CheckpointWriter;
import java.io.IOException;
import java.util.List;

/** Writes weights as a model that can be opened. */
public final class ModelFiles {
  private ModelFiles() {}

  /**
   * Writes weights, index and {@code config.json}, all in float32, under the family's own names.
   *
   * @param weights what is written
   * @param config of the model
   * @param writer what else the folder holds is the caller's to write, as is the commit
   * @param maxShardBytes most bytes of one file
   */
  public static void write(
      Parameters weights, ObjectNode config, CheckpointWriter writer, long maxShardBytes)
      throws IOException {
    WeightTransfer.save(weights, writer, maxShardBytes);
    ObjectNode written = config.deepCopy();
    List<String> keys =
        written.has("torch_dtype") && !written.has("dtype")
            ? List.of("torch_dtype")
            : List.of("dtype");
    keys.forEach(key -> written.put(key, "float32"));
    writer.writeConfig(written);
  }
}
