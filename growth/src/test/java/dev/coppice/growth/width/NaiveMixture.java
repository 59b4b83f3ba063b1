package dev.coppice.growth.width;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import com.google.common.collect.ImmutableList;
import dev.coppice.growth.TestFolder;
import dev.coppice.moe.anatomy.RouterTraits;
import dev.coppice.moe.anatomy.RouterTraits.Score;
import dev.coppice.moe.checkpoint.Checkpoint;
import dev.coppice.moe.checkpoint.CheckpointWriter;
import dev.coppice.moe.checkpoint.Shard;
import dev.coppice.moe.checkpoint.ShardLayout;
import dev.coppice.moe.safetensors.Dtype;
import dev.coppice.moe.safetensors.SafetensorsWriter;
import dev.coppice.moe.safetensors.TensorSlot;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Random;
import java.util.stream.IntStream;

/** One mixture layer of any router kind, computed in float64, slowly and plainly. */
final class NaiveMixture {
  private static final int EXPERTS = 8;
  private static final int TOP_K = 3;
  private static final int MODEL = 6;
  private static final int INNER = 5;
  private static final int TOKENS = 48;

  private NaiveMixture() {}

  /**
   * How the layer chooses and weighs.
   *
   * @param score how logits become scores
   * @param renormalize whether chosen scores are divided by their sum
   * @param topK experts for a token
   * @param scale factor on the output
   * @param groups groups of experts; 1 for none
   * @param chosenGroups groups that stay in
   * @param top2 whether a group is scored by its two largest
   * @param biasFactor what the selection bias is multiplied with: 1, but in negative controls
   */
  record Router(
      Score score,
      boolean renormalize,
      int topK,
      double scale,
      int groups,
      int chosenGroups,
      boolean top2,
      double biasFactor) {

    static Router of(Checkpoint checkpoint) {
      RouterTraits traits = checkpoint.family().traits().router();
      JsonNode config = checkpoint.config();
      return new Router(
          traits.score(checkpoint.anatomy().config()).orElseThrow(),
          traits.renormalizes(checkpoint.anatomy().config()),
          config.path("num_experts_per_tok").intValue(),
          config.path("scale").asDouble(1),
          config.path("groups").asInt(1),
          config.path("chosen").asInt(1),
          traits.groups().stream().anyMatch(g -> g.score().equals("top2")),
          1);
    }

    /** The same with one part of the recipe left out: as it was before growth. */
    ImmutableList<Router> wrong(Router before, boolean biased) {
      ImmutableList.Builder<Router> wrong = ImmutableList.builder();
      wrong.add(
          new Router(
              score, renormalize, before.topK, scale, groups, chosenGroups, top2, biasFactor));
      if (scale != before.scale) {
        wrong.add(
            new Router(
                score, renormalize, topK, before.scale, groups, chosenGroups, top2, biasFactor));
      }
      if (groups != before.groups) {
        wrong.add(
            new Router(
                score,
                renormalize,
                topK,
                scale,
                before.groups,
                before.chosenGroups,
                top2,
                biasFactor));
        wrong.add(
            new Router(
                score, renormalize, topK, scale, groups, before.chosenGroups, top2, biasFactor));
      }
      if (biased && score.shared()) {
        wrong.add(new Router(score, renormalize, topK, scale, groups, chosenGroups, top2, 2));
      }
      return wrong.build();
    }
  }

  /** A family of such layers. */
  static String family(String router) {
    return """
        {'name': 'naive', 'modelTypes': ['naive'], 'growth': {
          'layers': ['num_hidden_layers'], 'hidden': ['hidden_size'], 'experts': ['num_experts'],
          'topK': ['num_experts_per_tok'], 'containers': ['layers.{layer}.'],
          'router': {%s},
          'parts': [
            {'part': 'router', 'name': 'gate.weight'},
            {'part': 'selection_bias', 'name': 'gate.bias'},
            {'part': 'gate', 'name': 'experts.{expert}.gate.*'},
            {'part': 'up', 'name': 'experts.{expert}.up.*'},
            {'part': 'down', 'name': 'experts.{expert}.down.*'}],
          'block': ['experts.'], 'zero': ['experts.*.down.*'],
          'embedding': ['embed.weight'], 'head': ['head.weight']}}
        """
        .formatted(router)
        .replace('\'', '"');
  }

  /** Writes a layer of random numbers. */
  static void write(Path folder, ObjectNode config, boolean bias, long seed) throws IOException {
    config
        .put("model_type", "naive")
        .put("num_hidden_layers", 1)
        .put("hidden_size", MODEL)
        .put("num_experts", EXPERTS)
        .put("num_experts_per_tok", TOP_K);
    List<TensorSlot> slots = new ArrayList<>();
    slots.add(slot("embed.weight", 2, MODEL));
    slots.add(slot("layers.0.gate.weight", EXPERTS, MODEL));
    if (bias) {
      slots.add(slot("layers.0.gate.bias", 1, EXPERTS));
    }
    for (int expert = 0; expert < EXPERTS; expert++) {
      String name = "layers.0.experts." + expert;
      slots.add(slot(name + ".gate.weight", INNER, MODEL));
      slots.add(slot(name + ".up.weight", INNER, MODEL));
      slots.add(slot(name + ".down.weight", MODEL, INNER));
    }
    Random random = new Random(seed);
    ShardLayout layout = ShardLayout.of(slots, ShardLayout.DEFAULT_MAX_BYTES);
    try (CheckpointWriter writer = CheckpointWriter.begin(folder)) {
      for (Shard shard : layout.shards()) {
        try (SafetensorsWriter file = writer.openShard(shard)) {
          for (TensorSlot slot : shard.slots()) {
            file.write(slot.name(), 0, numbers(slot, random));
          }
          file.finish();
        }
      }
      writer.writeConfig(config);
      writer.writeIndex(layout);
      writer.commit();
    }
  }

  private static TensorSlot slot(String name, long first, long second) {
    return new TensorSlot(name, Dtype.F32, ImmutableList.of(first, second));
  }

  private static ByteBuffer numbers(TensorSlot slot, Random random) {
    ByteBuffer bytes = ByteBuffer.allocate((int) slot.byteSize()).order(ByteOrder.LITTLE_ENDIAN);
    // a bias small enough to decide only where scores are close, for softmax scores too
    float size = slot.name().endsWith("bias") ? 0.1f : 1;
    while (bytes.hasRemaining()) {
      bytes.putFloat(size * (float) random.nextGaussian());
    }
    return bytes.flip();
  }

  /** Outputs for some fixed tokens, one after the other. */
  static double[] output(Checkpoint checkpoint, Router router) throws IOException {
    Layer layer = Layer.read(checkpoint);
    double[] out = new double[TOKENS * MODEL];
    Random random = new Random(99);
    for (int token = 0; token < TOKENS; token++) {
      double[] x = random.doubles(MODEL, -1.5, 1.5).toArray();
      System.arraycopy(layer.mix(x, router), 0, out, token * MODEL, MODEL);
    }
    return out;
  }

  private static final class Layer {
    private final float[] router;
    private final float[] bias;
    private final List<float[][]> experts = new ArrayList<>();

    private Layer(float[] router, float[] bias) {
      this.router = router;
      this.bias = bias;
    }

    static Layer read(Checkpoint checkpoint) throws IOException {
      boolean biased = checkpoint.tensors().containsKey("layers.0.gate.bias");
      float[] router = TestFolder.floats(checkpoint, "layers.0.gate.weight");
      Layer layer =
          new Layer(
              router,
              biased
                  ? TestFolder.floats(checkpoint, "layers.0.gate.bias")
                  : new float[router.length / MODEL]);
      for (int expert = 0; expert < router.length / MODEL; expert++) {
        String name = "layers.0.experts." + expert;
        layer.experts.add(
            new float[][] {
              TestFolder.floats(checkpoint, name + ".gate.weight"),
              TestFolder.floats(checkpoint, name + ".up.weight"),
              TestFolder.floats(checkpoint, name + ".down.weight")
            });
      }
      return layer;
    }

    double[] mix(double[] x, Router kind) {
      double[] logits = times(router, x);
      double[] scores = scores(logits, kind.score());
      double[] ranks = new double[scores.length];
      for (int expert = 0; expert < scores.length; expert++) {
        ranks[expert] = scores[expert] + kind.biasFactor() * bias[expert];
      }
      maskGroups(ranks, kind);
      List<Integer> chosen =
          IntStream.range(0, ranks.length)
              .boxed()
              .sorted(Comparator.comparingDouble(expert -> -ranks[expert]))
              .limit(kind.topK())
              .toList();
      double sum = chosen.stream().mapToDouble(expert -> scores[expert]).sum();
      boolean divide = kind.renormalize() || kind.score() == Score.TOPK_SOFTMAX;
      double[] out = new double[MODEL];
      for (int expert : chosen) {
        double weight = kind.scale() * scores[expert] / (divide ? sum : 1);
        double[] y = expert(experts.get(expert), x);
        for (int i = 0; i < MODEL; i++) {
          out[i] += weight * y[i];
        }
      }
      return out;
    }

    private static void maskGroups(double[] ranks, Router kind) {
      if (kind.groups() <= 1) {
        return;
      }
      int size = ranks.length / kind.groups();
      double[] groupScores = new double[kind.groups()];
      for (int group = 0; group < kind.groups(); group++) {
        double[] sorted =
            IntStream.range(group * size, (group + 1) * size)
                .mapToDouble(expert -> -ranks[expert])
                .sorted()
                .toArray();
        groupScores[group] = kind.top2() ? -sorted[0] - sorted[1] : -sorted[0];
      }
      List<Integer> kept =
          IntStream.range(0, kind.groups())
              .boxed()
              .sorted(Comparator.comparingDouble(group -> -groupScores[group]))
              .limit(kind.chosenGroups())
              .toList();
      for (int expert = 0; expert < ranks.length; expert++) {
        if (!kept.contains(expert / size)) {
          ranks[expert] = Double.NEGATIVE_INFINITY;
        }
      }
    }

    private static double[] scores(double[] logits, Score score) {
      double[] scores = new double[logits.length];
      double sum = 0;
      for (int i = 0; i < logits.length; i++) {
        scores[i] =
            switch (score) {
              case SOFTMAX, TOPK_SOFTMAX -> Math.exp(logits[i]);
              case SIGMOID -> 1 / (1 + Math.exp(-logits[i]));
              case SQRT_SOFTPLUS -> Math.sqrt(Math.log1p(Math.exp(logits[i])));
              default -> throw new IllegalArgumentException("score " + score);
            };
        sum += scores[i];
      }
      for (int i = 0; i < logits.length && score.shared(); i++) {
        scores[i] /= sum;
      }
      return scores;
    }

    private static double[] expert(float[][] weights, double[] x) {
      double[] gate = times(weights[0], x);
      double[] up = times(weights[1], x);
      for (int i = 0; i < gate.length; i++) {
        gate[i] = gate[i] / (1 + Math.exp(-gate[i])) * up[i];
      }
      return times(weights[2], gate);
    }

    private static double[] times(float[] matrix, double[] x) {
      double[] y = new double[matrix.length / x.length];
      for (int row = 0; row < y.length; row++) {
        for (int column = 0; column < x.length; column++) {
          y[row] += (double) matrix[row * x.length + column] * x[column];
        }
      }
      return y;
    }
  }
}
