package dev.coppice.growth.norm;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import com.google.common.collect.ImmutableList;
import dev.coppice.growth.TestFolder;
import dev.coppice.moe.checkpoint.Checkpoint;
import dev.coppice.moe.checkpoint.CheckpointWriter;
import dev.coppice.moe.checkpoint.Shard;
import dev.coppice.moe.checkpoint.ShardLayout;
import dev.coppice.moe.family.Families;
import dev.coppice.moe.number.FloatFormat;
import dev.coppice.moe.safetensors.Dtype;
import dev.coppice.moe.safetensors.SafetensorsWriter;
import dev.coppice.moe.safetensors.TensorSlot;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import net.jqwik.api.Example;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;

/** One set of weights in every layout has one norm profile, to the bit. */
class NormLayoutPropertyTest {
  private static final String FAMILY =
      """
      {"name": "laid_out", "modelTypes": ["laid_out"], "growth": {
        "layers": ["num_hidden_layers"], "hidden": ["hidden_size"], "experts": ["num_experts"],
        "topK": ["num_experts_per_tok"], "containers": ["model.layers.{layer}."],
        "router": {"score": "softmax", "renormalize": "always"},
        "parts": [
          {"part": "router", "name": "mlp.gate.weight"},
          {"part": "gate", "name": "mlp.experts.{expert}.gate_proj.*"},
          {"part": "up", "name": "mlp.experts.{expert}.up_proj.*"},
          {"part": "down", "name": "mlp.experts.{expert}.down_proj.*"},
          {"part": "gate_up", "name": "mlp.experts.rows", "form": "E,GU,H"},
          {"part": "gate_up", "name": "mlp.experts.columns", "form": "E,H,GU"},
          {"part": "gate_up", "name": "mlp.experts.alternating", "form": "E,H,G|U"},
          {"part": "down", "name": "mlp.experts.out_in", "form": "E,H,F"},
          {"part": "down", "name": "mlp.experts.in_out", "form": "E,F,H"},
          {"part": "gate", "name": "mlp.w1", "form": "EF,H"},
          {"part": "up", "name": "mlp.v1", "form": "EF,H"},
          {"part": "down", "name": "mlp.w2", "form": "EF,H"}],
        "block": ["mlp."], "zero": ["none"],
        "embedding": ["model.embed_tokens.weight"], "head": ["lm_head.weight"]}}
      """;

  /** Logical weights: [layer][expert][projection][row][column]. */
  @SuppressWarnings("ArrayRecordComponent") // plain data of one test, never compared
  private record Weights(int experts, int hidden, int width, float[][][][] numbers) {
    static Weights draw(int experts, int hidden, int width, long seed) {
      Random random = new Random(seed);
      float[][][][] numbers = new float[2][experts][3][hidden * width];
      for (float[][][] layer : numbers) {
        for (float[][] expert : layer) {
          for (float[] matrix : expert) {
            for (int i = 0; i < matrix.length; i++) {
              matrix[i] = (float) (0.1 * random.nextGaussian());
            }
          }
        }
      }
      return new Weights(experts, hidden, width, numbers);
    }

    /** Gate or up, [F,D]; down, [D,F]. */
    float at(int layer, int expert, int projection, int row, int column) {
      int columns = projection == 2 ? width : hidden;
      return numbers[layer][expert][projection][row * columns + column];
    }
  }

  /** Writes the layer's experts in one layout: name to numbers and shape. */
  private static void put(
      String layout,
      Weights w,
      int layer,
      Map<String, float[]> data,
      Map<String, List<Long>> shapes) {
    int e = w.experts();
    int d = w.hidden();
    int f = w.width();
    String at = "model.layers." + layer + ".mlp.";
    float[] router = new float[e * d];
    data.put(at + "gate.weight", router);
    shapes.put(at + "gate.weight", List.of((long) e, (long) d));
    if (layout.equals("single")) {
      String[] names = {"gate_proj", "up_proj", "down_proj"};
      for (int x = 0; x < e; x++) {
        for (int p = 0; p < 3; p++) {
          String name = at + "experts." + x + "." + names[p] + ".weight";
          data.put(name, w.numbers()[layer][x][p]);
          shapes.put(name, p == 2 ? List.of((long) d, (long) f) : List.of((long) f, (long) d));
        }
      }
      return;
    }
    if (layout.equals("flat")) {
      String[] names = {"w1", "v1", "w2"};
      for (int p = 0; p < 3; p++) {
        float[] all = new float[e * f * d];
        for (int x = 0; x < e; x++) {
          for (int r = 0; r < f; r++) {
            for (int c = 0; c < d; c++) {
              all[(x * f + r) * d + c] = p == 2 ? w.at(layer, x, p, c, r) : w.at(layer, x, p, r, c);
            }
          }
        }
        data.put(at + names[p], all);
        shapes.put(at + names[p], List.of((long) e * f, (long) d));
      }
      return;
    }
    float[] fused = new float[e * 2 * f * d];
    float[] down = new float[e * f * d];
    boolean transposed = !layout.equals("rows");
    for (int x = 0; x < e; x++) {
      for (int p = 0; p < 2; p++) {
        for (int r = 0; r < f; r++) {
          for (int c = 0; c < d; c++) {
            int place =
                switch (layout) {
                  case "rows" -> (p * f + r) * d + c;
                  case "columns" -> c * 2 * f + p * f + r;
                  default -> c * 2 * f + 2 * r + p;
                };
            fused[x * 2 * f * d + place] = w.at(layer, x, p, r, c);
          }
        }
      }
      for (int r = 0; r < d; r++) {
        for (int c = 0; c < f; c++) {
          down[x * f * d + (transposed ? c * d + r : r * f + c)] = w.at(layer, x, 2, r, c);
        }
      }
    }
    data.put(at + "experts." + layout, fused);
    shapes.put(
        at + "experts." + layout,
        transposed ? List.of((long) e, (long) d, 2L * f) : List.of((long) e, 2L * f, (long) d));
    String name = at + "experts." + (transposed ? "in_out" : "out_in");
    data.put(name, down);
    shapes.put(
        name,
        transposed ? List.of((long) e, (long) f, (long) d) : List.of((long) e, (long) d, (long) f));
  }

  private static Path write(TestFolder folder, String layout, Weights w, Dtype dtype)
      throws IOException {
    Map<String, float[]> data = new HashMap<>();
    Map<String, List<Long>> shapes = new HashMap<>();
    for (int layer = 0; layer < 2; layer++) {
      put(layout, w, layer, data, shapes);
    }
    for (String name : List.of("model.embed_tokens.weight", "lm_head.weight")) {
      data.put(name, new float[3 * w.hidden()]);
      shapes.put(name, List.of(3L, (long) w.hidden()));
    }
    List<TensorSlot> slots = new ArrayList<>();
    shapes.forEach(
        (name, shape) -> slots.add(new TensorSlot(name, dtype, ImmutableList.copyOf(shape))));
    ShardLayout shards = ShardLayout.of(slots, ShardLayout.DEFAULT_MAX_BYTES);
    Path target = folder.of(layout);
    try (CheckpointWriter writer = CheckpointWriter.begin(target)) {
      for (Shard shard : shards.shards()) {
        try (SafetensorsWriter file = writer.openShard(shard)) {
          for (TensorSlot slot : shard.slots()) {
            file.write(slot.name(), 0, bytes(data.getOrDefault(slot.name(), new float[0]), dtype));
          }
          file.finish();
        }
      }
      writer.writeConfig(
          (ObjectNode)
              new ObjectMapper()
                  .readTree(
                      "{\"model_type\": \"laid_out\", \"num_hidden_layers\": 2, \"hidden_size\": "
                          + w.hidden()
                          + ", \"num_experts\": "
                          + w.experts()
                          + ", \"num_experts_per_tok\": 1}"));
      writer.writeIndex(shards);
      writer.commit();
    }
    return target;
  }

  private static ByteBuffer bytes(float[] values, Dtype dtype) {
    ByteBuffer bytes =
        ByteBuffer.allocate((int) dtype.byteSize(values.length)).order(ByteOrder.LITTLE_ENDIAN);
    if (dtype == Dtype.F8_E4M3) {
      return bytes;
    }
    FloatFormat format = FloatFormat.of(dtype, "made");
    for (int i = 0; i < values.length; i++) {
      format.put(bytes, i, values[i]);
    }
    return bytes;
  }

  private static Families families(TestFolder folder) throws IOException {
    Path file = folder.of("family.json");
    Files.writeString(file, FAMILY);
    return Families.builtIn().with(file);
  }

  @Property(tries = 6)
  void doesNotDependOnTheLayout(
      @ForAll @IntRange(min = 2, max = 4) int experts,
      @ForAll @IntRange(min = 5, max = 19) int hidden,
      @ForAll @IntRange(min = 6, max = 23) int width,
      @ForAll long seed)
      throws IOException {
    Weights weights = Weights.draw(experts, hidden, width == hidden ? width + 1 : width, seed);
    try (TestFolder folder = new TestFolder()) {
      Families families = families(folder);
      List<Double> expected = new ArrayList<>();
      for (String layout : List.of("single", "rows", "columns", "alternating", "flat")) {
        Path made = write(folder, layout, weights, Dtype.F32);
        try (Checkpoint checkpoint = Checkpoint.open(made, families)) {
          List<Double> layers = NormProfile.of(checkpoint).layers();
          if (layout.equals("single")) {
            expected.addAll(layers);
          }
          assertThat(layers).as(layout).isEqualTo(expected).doesNotContain(0.0, Double.NaN);
        }
      }
    }
  }

  @Example
  void refusesWhatItCannotReadByName() throws IOException {
    try (TestFolder folder = new TestFolder()) {
      Path made = write(folder, "rows", Weights.draw(2, 5, 6, 1), Dtype.F8_E4M3);
      try (Checkpoint checkpoint = Checkpoint.open(made, families(folder))) {
        assertThatThrownBy(() -> NormProfile.of(checkpoint))
            .hasMessageContaining("F8_E4M3")
            .hasMessageContaining("model.layers.0.mlp.experts.");
      }
    }
  }
}
