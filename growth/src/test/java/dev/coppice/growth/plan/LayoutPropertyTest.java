package dev.coppice.growth.plan;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import com.google.common.collect.ImmutableList;
import dev.coppice.growth.GrowthExecutor;
import dev.coppice.growth.GrowthProgress;
import dev.coppice.growth.GrowthRequest;
import dev.coppice.growth.TestFolder;
import dev.coppice.growth.depth.Interpose;
import dev.coppice.growth.width.DuplicateExperts;
import dev.coppice.growth.width.DuplicateExperts.Placement;
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
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import net.jqwik.api.Arbitraries;
import net.jqwik.api.Arbitrary;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.Provide;

/**
 * Layout equivariance: to grow and then fuse is to fuse and then grow, bit for bit, noise included,
 * for every form in which experts lie.
 */
public class LayoutPropertyTest {
  private static final int LAYERS = 2;
  private static final int EXPERTS = 3;
  private static final int MODEL = 4;
  private static final int INNER = 5;

  /** How a layer's experts are put into tensors; [expert][gate, up, down][row-major out, in]. */
  public enum Layout {
    SINGLE,
    ROWS,
    COLUMNS,
    ALTERNATING,
    FLAT;

    /** The tensors of a layer, by name behind its prefix. */
    public Map<String, Stored> store(float[][][] experts) {
      Map<String, Stored> stored = new LinkedHashMap<>();
      int e = experts.length;
      switch (this) {
        case SINGLE -> {
          for (int i = 0; i < e; i++) {
            String name = "mlp.experts." + i;
            stored.put(name + ".gate.weight", Stored.of(experts[i][0], INNER, MODEL));
            stored.put(name + ".up.weight", Stored.of(experts[i][1], INNER, MODEL));
            stored.put(name + ".down.weight", Stored.of(experts[i][2], MODEL, INNER));
          }
        }
        case ROWS -> {
          stored.put(
              "mlp.rows_gate_up",
              gateUp(
                  experts,
                  (row, column, up) -> (up * INNER + row) * MODEL + column,
                  2 * INNER,
                  MODEL));
          stored.put("mlp.rows_down", down(experts, false, MODEL, INNER));
        }
        case COLUMNS -> {
          stored.put(
              "mlp.columns_gate_up",
              gateUp(
                  experts,
                  (row, column, up) -> column * 2 * INNER + up * INNER + row,
                  MODEL,
                  2 * INNER));
          stored.put("mlp.columns_down", down(experts, true, INNER, MODEL));
        }
        case ALTERNATING -> {
          stored.put(
              "mlp.alternating_gate_up",
              gateUp(
                  experts,
                  (row, column, up) -> column * 2 * INNER + 2 * row + up,
                  MODEL,
                  2 * INNER));
          stored.put("mlp.alternating_down", down(experts, true, INNER, MODEL));
        }
        case FLAT -> {
          for (int part = 0; part < 2; part++) {
            float[] all = new float[e * INNER * MODEL];
            for (int i = 0; i < e; i++) {
              System.arraycopy(experts[i][part], 0, all, i * INNER * MODEL, INNER * MODEL);
            }
            stored.put("mlp.flat_" + (part == 0 ? "gate" : "up"), Stored.of(all, e * INNER, MODEL));
          }
          Stored transposed = down(experts, true, INNER, MODEL);
          stored.put("mlp.flat_down", Stored.of(transposed.values(), e * INNER, MODEL));
        }
      }
      return stored;
    }

    private interface Place {
      int of(int row, int column, int up);
    }

    private static Stored gateUp(float[][][] experts, Place place, int first, int second) {
      int block = 2 * INNER * MODEL;
      float[] all = new float[experts.length * block];
      for (int i = 0; i < experts.length; i++) {
        for (int row = 0; row < INNER; row++) {
          for (int column = 0; column < MODEL; column++) {
            for (int up = 0; up < 2; up++) {
              all[i * block + place.of(row, column, up)] = experts[i][up][row * MODEL + column];
            }
          }
        }
      }
      return Stored.of(all, experts.length, first, second);
    }

    private static Stored down(float[][][] experts, boolean transposed, int first, int second) {
      int block = MODEL * INNER;
      float[] all = new float[experts.length * block];
      for (int i = 0; i < experts.length; i++) {
        for (int row = 0; row < MODEL; row++) {
          for (int column = 0; column < INNER; column++) {
            int place = transposed ? column * MODEL + row : row * INNER + column;
            all[i * block + place] = experts[i][2][row * INNER + column];
          }
        }
      }
      return Stored.of(all, experts.length, first, second);
    }
  }

  /** A tensor to be written. */
  public static final class Stored {
    private final float[] values;
    private final ImmutableList<Long> shape;

    private Stored(float[] values, ImmutableList<Long> shape) {
      this.values = values;
      this.shape = shape;
    }

    public float[] values() {
      return values;
    }

    public ImmutableList<Long> shape() {
      return shape;
    }

    static Stored of(float[] values, int... shape) {
      ImmutableList.Builder<Long> extents = ImmutableList.builder();
      for (int extent : shape) {
        extents.add((long) extent);
      }
      return new Stored(values, extents.build());
    }
  }

  /** One model's numbers: router and experts of each layer. */
  public static final class Model {
    private final float[][] routers;
    private final float[][][][] experts;

    private Model(float[][] routers, float[][][][] experts) {
      this.routers = routers;
      this.experts = experts;
    }

    float[][] routers() {
      return routers;
    }

    float[][][][] experts() {
      return experts;
    }

    public static Model random(long seed) {
      Random random = new Random(seed);
      float[][] routers = new float[LAYERS][];
      float[][][][] experts = new float[LAYERS][EXPERTS][3][];
      for (int layer = 0; layer < LAYERS; layer++) {
        routers[layer] = numbers(random, EXPERTS * MODEL, 1);
        for (int expert = 0; expert < EXPERTS; expert++) {
          for (int part = 0; part < 3; part++) {
            experts[layer][expert][part] = numbers(random, INNER * MODEL, 1 + expert + part);
          }
        }
      }
      return new Model(routers, experts);
    }

    private static float[] numbers(Random random, int count, int size) {
      float[] numbers = new float[count];
      for (int i = 0; i < count; i++) {
        // sixteen bits, so that bf16 keeps them
        numbers[i] =
            Float.intBitsToFloat(
                Float.floatToIntBits((float) (size * random.nextGaussian())) & 0xffff0000);
      }
      return numbers;
    }
  }

  private static final String FAMILY =
      """
      {"name": "woven", "modelTypes": ["woven"], "growth": {
        "layers": ["num_hidden_layers"], "hidden": ["hidden_size"], "experts": ["num_experts"],
        "topK": ["num_experts_per_tok"], "containers": ["layers.{layer}."],
        "router": {"score": "softmax", "renormalize": "always"},
        "parts": [
          {"part": "router", "name": "mlp.gate.weight"},
          {"part": "gate", "name": "mlp.experts.{expert}.gate.*"},
          {"part": "up", "name": "mlp.experts.{expert}.up.*"},
          {"part": "down", "name": "mlp.experts.{expert}.down.*"},
          {"part": "gate_up", "name": "mlp.rows_gate_up", "form": "E,GU,H"},
          {"part": "down", "name": "mlp.rows_down", "form": "E,H,F"},
          {"part": "gate_up", "name": "mlp.columns_gate_up", "form": "E,H,GU"},
          {"part": "down", "name": "mlp.columns_down", "form": "E,F,H"},
          {"part": "gate_up", "name": "mlp.alternating_gate_up", "form": "E,H,G|U"},
          {"part": "down", "name": "mlp.alternating_down", "form": "E,F,H"},
          {"part": "gate", "name": "mlp.flat_gate", "form": "EF,H"},
          {"part": "up", "name": "mlp.flat_up", "form": "EF,H"},
          {"part": "down", "name": "mlp.flat_down", "form": "EF,H"}],
        "block": ["mlp."], "zero": ["mlp.experts.*down*", "mlp.*_down"],
        "embedding": ["embed.weight"], "head": ["head.weight"]}}
      """;

  @Provide
  Arbitrary<GrowthOperator> growths() {
    Arbitrary<GrowthOperator> wider =
        Arbitraries.of(2, 3)
            .flatMap(
                factor ->
                    Arbitraries.of(Placement.values())
                        .map(place -> DuplicateExperts.times(factor, 0.05).withPlacement(place)));
    Arbitrary<GrowthOperator> twice = wider.flatMap(first -> wider.map(first::then));
    Arbitrary<GrowthOperator> random =
        wider.map(w -> ((DuplicateExperts) w).withExperts(DuplicateExperts.ExpertStart.RANDOM));
    Arbitrary<GrowthOperator> deeper = wider.map(w -> w.then(new Interpose(2, 0, 0, true)));
    return Arbitraries.oneOf(wider, twice, random, deeper);
  }

  @Provide
  Arbitrary<Layout> layouts() {
    return Arbitraries.of(Layout.ROWS, Layout.COLUMNS, Layout.ALTERNATING, Layout.FLAT);
  }

  @Provide
  Arbitrary<Dtype> dtypes() {
    return Arbitraries.of(Dtype.F32, Dtype.BF16);
  }

  @Property(tries = 40)
  void growingAndFusingCommute(
      @ForAll("growths") GrowthOperator growth,
      @ForAll("layouts") Layout layout,
      @ForAll("dtypes") Dtype dtype,
      @ForAll long seed)
      throws IOException {
    Model model = Model.random(seed);
    try (TestFolder folder = new TestFolder();
        Checkpoint single = write(folder, model, Layout.SINGLE, dtype);
        Checkpoint fused = write(folder, model, layout, dtype);
        Checkpoint grownSingle = grow(folder, single, growth, "grown-single");
        Checkpoint grownFused = grow(folder, fused, growth, "grown-fused")) {
      int layers = grownSingle.anatomy().layerCount();
      assertThat(grownFused.anatomy().layers()).isEqualTo(grownSingle.anatomy().layers());
      assertThat(grownFused.anatomy().counts()).isEqualTo(grownSingle.anatomy().counts());
      for (int layer = 0; layer < layers; layer++) {
        String prefix = "layers." + layer + ".";
        assertThat(TestFolder.floats(grownFused, prefix + "mlp.gate.weight"))
            .isEqualTo(TestFolder.floats(grownSingle, prefix + "mlp.gate.weight"));
        float[][][] experts = experts(grownSingle, layer);
        for (Map.Entry<String, Stored> expected : layout.store(experts).entrySet()) {
          String name = prefix + expected.getKey();
          assertThat(grownFused.tensor(name).shape()).isEqualTo(expected.getValue().shape());
          assertThat(TestFolder.floats(grownFused, name))
              .as(name)
              .isEqualTo(expected.getValue().values());
        }
      }
    }
  }

  private static float[][][] experts(Checkpoint single, int layer) throws IOException {
    int count = single.anatomy().layers().get(layer).experts();
    float[][][] experts = new float[count][3][];
    for (int expert = 0; expert < count; expert++) {
      String name = "layers." + layer + ".mlp.experts." + expert;
      experts[expert][0] = TestFolder.floats(single, name + ".gate.weight");
      experts[expert][1] = TestFolder.floats(single, name + ".up.weight");
      experts[expert][2] = TestFolder.floats(single, name + ".down.weight");
    }
    return experts;
  }

  private static Families families(TestFolder folder) throws IOException {
    Path file = folder.of("family.json");
    Files.writeString(file, FAMILY, StandardCharsets.UTF_8);
    return Families.builtIn().with(file);
  }

  private static Checkpoint grow(
      TestFolder folder, Checkpoint source, GrowthOperator growth, String name) throws IOException {
    GrowthExecutor.run(source, GrowthRequest.of(growth, 11), folder.of(name), GrowthProgress.NONE);
    return Checkpoint.open(folder.of(name), families(folder));
  }

  /** All tensors of a model, by name. */
  public static Map<String, Stored> tensors(Model model, Layout layout) {
    Map<String, Stored> tensors = new LinkedHashMap<>();
    tensors.put("embed.weight", Stored.of(new float[2 * MODEL], 2, MODEL));
    for (int layer = 0; layer < LAYERS; layer++) {
      String prefix = "layers." + layer + ".";
      tensors.put(prefix + "mlp.gate.weight", Stored.of(model.routers()[layer], EXPERTS, MODEL));
      layout.store(model.experts()[layer]).forEach((name, t) -> tensors.put(prefix + name, t));
    }
    return tensors;
  }

  /** Writes a model and opens it. */
  public static Checkpoint write(TestFolder folder, Model model, Layout layout, Dtype dtype)
      throws IOException {
    Map<String, Stored> tensors = tensors(model, layout);
    ObjectNode config =
        new ObjectMapper()
            .createObjectNode()
            .put("model_type", "woven")
            .put("num_hidden_layers", LAYERS)
            .put("hidden_size", MODEL)
            .put("num_experts", EXPERTS)
            .put("num_experts_per_tok", 1);
    Path target = folder.of("source-" + layout);
    List<TensorSlot> slots = new ArrayList<>();
    tensors.forEach((name, t) -> slots.add(new TensorSlot(name, dtype, t.shape())));
    ShardLayout shards = ShardLayout.of(slots, ShardLayout.DEFAULT_MAX_BYTES);
    try (CheckpointWriter writer = CheckpointWriter.begin(target)) {
      for (Shard shard : shards.shards()) {
        try (SafetensorsWriter file = writer.openShard(shard)) {
          for (TensorSlot slot : shard.slots()) {
            file.write(slot.name(), 0, bytes(tensors.get(slot.name()).values(), dtype));
          }
          file.finish();
        }
      }
      writer.writeConfig(config);
      writer.writeIndex(shards);
      writer.commit();
    }
    return Checkpoint.open(target, families(folder));
  }

  private static ByteBuffer bytes(float[] values, Dtype dtype) {
    FloatFormat format = FloatFormat.of(dtype, "test");
    ByteBuffer bytes =
        ByteBuffer.allocate(values.length * format.bytes()).order(ByteOrder.LITTLE_ENDIAN);
    for (int i = 0; i < values.length; i++) {
      format.put(bytes, i, values[i]);
    }
    return bytes;
  }
}
