package dev.coppice.moe.train;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import ai.djl.training.ParameterStore;
import com.google.common.collect.ImmutableList;
import com.google.common.io.MoreFiles;
import com.google.common.io.RecursiveDeleteOption;
import com.google.common.primitives.ImmutableLongArray;
import dev.coppice.moe.CoppiceException;
import dev.coppice.moe.ErrorKind;
import dev.coppice.moe.checkpoint.Checkpoint;
import dev.coppice.moe.checkpoint.CheckpointWriter;
import dev.coppice.moe.checkpoint.Shard;
import dev.coppice.moe.checkpoint.ShardLayout;
import dev.coppice.moe.kernel.LayerParameter;
import dev.coppice.moe.model.LanguageModel;
import dev.coppice.moe.model.Precision;
import dev.coppice.moe.model.TokenBatch;
import dev.coppice.moe.parameter.ParameterLayout;
import dev.coppice.moe.safetensors.SafetensorsWriter;
import dev.coppice.moe.safetensors.TensorSlot;
import dev.coppice.moe.testing.Goldens;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.TreeMap;
import java.util.function.Consumer;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

/** What the library says to bad input: one clear error, and the model goes on. */
class BadInputTest {
  private static final LossWeights WEIGHTS = new LossWeights(0.01, 0.001);

  @TempDir private Path folder;

  static List<String> families() {
    return Goldens.families();
  }

  /** Everything that takes a batch. */
  private static List<Consumer<TokenBatch>> uses(LanguageModel model, Learner learner) {
    return List.of(
        model::logits,
        model::score,
        model::routers,
        batch -> learner.accumulate(batch, WEIGHTS, 1));
  }

  @ParameterizedTest
  @MethodSource("families")
  void badBatchesAreRefusedAndTheModelGoesOn(String name) throws IOException {
    TokenBatch good = labelled(2, 3);
    try (LanguageModel model = open(name);
        Learner learner = Learner.fresh(model)) {
      float[] before = model.logits(good);
      int most = model.spec().maxPositions();
      for (Consumer<TokenBatch> use : uses(model, learner)) {
        assertThatIllegalArgumentException()
            .isThrownBy(() -> use.accept(TokenBatch.unlabelled(new int[most + 1], 1)))
            .withMessage(
                "sequence must be at most the model's %s positions, got %s", most, most + 1);
        for (int id : new int[] {-1, 53, Integer.MAX_VALUE, Integer.MIN_VALUE}) {
          assertThatIllegalArgumentException()
              .isThrownBy(() -> use.accept(TokenBatch.unlabelled(new int[] {1, 2, 3, id}, 2)))
              .withMessage("token id must lie in 0..52, got %s (position 3)", id);
        }
        for (int label : new int[] {-1, 53, -101, Integer.MIN_VALUE}) {
          int[] labels = {4, 5, label};
          assertThatIllegalArgumentException()
              .isThrownBy(() -> use.accept(new TokenBatch(new int[3], labels, 1, 3)))
              .withMessage("label must lie in 0..52 or be -100, got %s (position 2)", label);
        }
      }
      assertThat(model.logits(good)).isEqualTo(before);
      assertThat(learner.update(new AdamWSettings(0.9, 0.95, 1e-8, 0.1, 1), 1).gradientNorm())
          .isZero();
    }
  }

  @Test
  void batchesThatAreNoneCannotBeMade() {
    int[] none = {};
    assertRefused(() -> new TokenBatch(none, none, 0, 4), "got shape [0, 4]");
    assertRefused(() -> new TokenBatch(none, none, 4, 0), "got shape [4, 0]");
    assertRefused(() -> new TokenBatch(none, none, -1, -1), "got shape [-1, -1]");
    assertRefused(() -> TokenBatch.unlabelled(none, 1), "tokens must divide evenly into 1");
    assertRefused(() -> TokenBatch.unlabelled(new int[3], 2), "tokens must divide evenly into 2");
    assertRefused(() -> new TokenBatch(new int[3], new int[4], 1, 4), "number of ids must match");
    assertRefused(
        () -> new TokenBatch(new int[4], new int[3], 1, 4), "number of labels must match");
    // 2^16 times 2^16 is 0 as an int
    assertRefused(() -> new TokenBatch(none, none, 1 << 16, 1 << 16), "number of ids must match");
    assertRefused(() -> segments(5, 1), "lie within a sequence of 4 tokens, got 5 at token 0");
    assertRefused(() -> segments(3, 2, 3), "lie within a sequence of 4 tokens, got 2 at token 3");
    assertRefused(() -> segments(4, 4, 4), "segments must hold all 8 tokens, got 12");
    assertRefused(() -> segments(4), "segments must hold all 8 tokens, got 4");
    assertRefused(() -> segments(4, 0, 4), "segments must be positive");
    assertRefused(() -> segments(-4, 4, 4, 4), "segments must be positive");
    assertRefused(() -> segments(Integer.MAX_VALUE, 1), "lie within a sequence of 4 tokens");
  }

  private static void segments(int... lengths) {
    List<Integer> list = new ArrayList<>();
    for (int length : lengths) {
      list.add(length);
    }
    new TokenBatch(new int[8], new int[8], 2, 4, ImmutableList.copyOf(list));
  }

  private static void assertRefused(Runnable action, String message) {
    assertThatIllegalArgumentException().isThrownBy(action::run).withMessageContaining(message);
  }

  /** The DJL block is open to any array. */
  @ParameterizedTest
  @ValueSource(booleans = {false, true})
  void theBlockRefusesBadIds(boolean training) throws IOException {
    try (LanguageModel model = open("mixtral");
        NDManager manager = NDManager.newBaseManager("PyTorch")) {
      assertBlockRefuses(
          model,
          manager.create(new long[] {1, 53}, new Shape(1, 2)),
          training,
          "token id must lie in 0..52, got 53 (position 1)");
      assertBlockRefuses(
          model,
          manager.create(new long[] {-1, 5}, new Shape(2, 1)),
          training,
          "token id must lie in 0..52, got -1 (position 0)");
      assertBlockRefuses(
          model,
          manager.create(new long[] {1, 1L << 32}, new Shape(1, 2)),
          training,
          "token id must lie in 0..52, got 2147483647 (position 1)");
      assertBlockRefuses(
          model,
          manager.create(new long[33], new Shape(1, 33)),
          training,
          "sequence must be at most the model's 32 positions, got 33");
      assertBlockRefuses(
          model,
          manager.create(new long[0], new Shape(0, 4)),
          training,
          "ids must hold tokens, got shape (0, 4)");
      assertBlockRefuses(
          model, manager.create(new long[3]), training, "ids must have shape [B, S], got (3)");
      assertBlockRefuses(
          model,
          manager.create(new float[] {1}, new Shape(1, 1)),
          training,
          "ids must be int64, got float32");
      NDArray good = manager.create(new long[] {1, 2}, new Shape(1, 2));
      assertThat(forward(model, good, training).toFloatArray()).hasSize(2 * 53);
    }
  }

  private static void assertBlockRefuses(
      LanguageModel model, NDArray ids, boolean training, String message) {
    assertThatIllegalArgumentException()
        .isThrownBy(() -> forward(model, ids, training))
        .withMessage(message);
  }

  private static NDArray forward(LanguageModel model, NDArray ids, boolean training) {
    ParameterStore store = new ParameterStore(ids.getManager(), false);
    return model.block().forward(store, new NDList(ids), training).singletonOrThrow();
  }

  @Test
  void settingsOutOfRangeAreRefused() throws IOException {
    try (LanguageModel model = open("mixtral");
        Learner learner = Learner.fresh(model)) {
      AdamWSettings adam = new AdamWSettings(0.9, 0.95, 1e-8, 0.1, 1);
      for (double rate : new double[] {-1, Double.NaN, Double.POSITIVE_INFINITY}) {
        assertRefused(
            () -> learner.update(adam, rate),
            "learning rate must be finite and not negative, got " + rate);
      }
      assertRefused(() -> new LossWeights(-1, 0), "load-balance weight must not be negative");
      assertRefused(() -> new LossWeights(0, Double.NaN), "z weight must not be negative");
    }
  }

  @Test
  void balancingMovesBiasesTowardsTheMeanLoad() throws IOException {
    try (LanguageModel model = open("deepseek_v3_groups");
        Learner learner = Learner.fresh(model)) {
      // layer 0 is dense, so the only row is layer 1's
      int slot = ParameterLayout.index(1, LayerParameter.SELECTION_BIAS);
      float[] before = model.parameters().array(slot).toFloatArray();
      ImmutableLongArray counts = ImmutableLongArray.of(10, 0, 5, 5, 4, 6, 9, 1);
      learner.balance(new ExpertLoad(8, counts), 0.25);
      float[] after = model.parameters().array(slot).toFloatArray();
      for (int i = 0; i < after.length; i++) {
        double moved = 0.25 * Math.signum(5.0 - counts.get(i));
        assertThat(after[i]).isEqualTo((float) (before[i] + moved));
      }
    }
  }

  /** Balancing alone, step by step, evens out what the experts take. */
  @ParameterizedTest
  @ValueSource(strings = {"deepseek_v3", "glm4_moe"})
  void balancingEvensOutTheLoad(String name) throws IOException {
    TokenBatch batch = labelled(8, 14);
    try (LanguageModel model = open(name);
        Learner learner = Learner.fresh(model)) {
      double first = learner.accumulate(batch, LossWeights.NONE, 1).load().imbalance();
      for (int i = 0; i < 100; i++) {
        learner.balance(learner.accumulate(batch, LossWeights.NONE, 1).load(), 0.01);
      }
      double last = learner.accumulate(batch, LossWeights.NONE, 1).load().imbalance();
      assertThat(last).isLessThan(1.3).isLessThan(first);
    }
  }

  @Test
  void balancingThatCannotBeIsRefused() throws IOException {
    try (LanguageModel model = open("mixtral");
        Learner learner = Learner.fresh(model)) {
      assertThatThrownBy(() -> learner.balance(ExpertLoad.NONE, 0.1))
          .isInstanceOf(IllegalStateException.class)
          .hasMessage(
              "loss-free balancing must have a selection bias to move, got a mixtral router"
                  + " without");
    }
    try (LanguageModel model = open("deepseek_v3_groups");
        Learner learner = Learner.fresh(model)) {
      ExpertLoad load = new ExpertLoad(8, ImmutableLongArray.copyOf(new long[8]));
      for (double step : new double[] {0, -1, Double.NaN, Double.POSITIVE_INFINITY}) {
        assertRefused(
            () -> learner.balance(load, step), "balancing step must be positive, got " + step);
      }
      for (ExpertLoad other :
          List.of(
              ExpertLoad.NONE,
              new ExpertLoad(4, ImmutableLongArray.copyOf(new long[8])),
              new ExpertLoad(8, ImmutableLongArray.copyOf(new long[16])))) {
        assertRefused(() -> learner.balance(other, 0.1), "load must be of 1 layers of 8 experts");
      }
    }
  }

  /** Tensors of a golden folder, some changed, written anew. */
  private Path rewritten(String name, Consumer<Map<TensorSlot, ByteBuffer>> change)
      throws IOException {
    Map<TensorSlot, ByteBuffer> tensors = new TreeMap<>(Comparator.comparing(TensorSlot::name));
    Path target = folder.resolve("rewritten");
    try (Checkpoint source = Checkpoint.open(Goldens.folder(name));
        CheckpointWriter writer = CheckpointWriter.begin(target)) {
      for (var tensor : source.tensors().values()) {
        ByteBuffer bytes =
            ByteBuffer.allocate((int) tensor.byteSize()).order(ByteOrder.LITTLE_ENDIAN);
        source.read(tensor, 0, bytes);
        tensors.put(tensor.slot(), bytes.flip());
      }
      change.accept(tensors);
      ShardLayout layout =
          ShardLayout.of(List.copyOf(tensors.keySet()), ShardLayout.DEFAULT_MAX_BYTES);
      for (Shard shard : layout.shards()) {
        try (SafetensorsWriter file = writer.openShard(shard)) {
          for (TensorSlot slot : shard.slots()) {
            ByteBuffer bytes = tensors.get(slot);
            assertThat(bytes).isNotNull();
            file.write(slot.name(), 0, bytes);
          }
          file.finish();
        }
      }
      writer.writeConfig(source.config());
      writer.writeIndex(layout);
      writer.commit();
    }
    return target;
  }

  private static TensorSlot slot(Map<TensorSlot, ByteBuffer> tensors, String suffix) {
    return tensors.keySet().stream()
        .filter(s -> s.name().endsWith(suffix))
        .findFirst()
        .orElseThrow();
  }

  @ParameterizedTest
  @MethodSource("families")
  void weightsThatAreNotFiniteAreRefusedByNameAndPlace(String name) throws IOException {
    for (float bad : new float[] {Float.NaN, Float.NEGATIVE_INFINITY}) {
      Path target =
          rewritten(
              name,
              tensors -> {
                TensorSlot norm = slot(tensors, "model.norm.weight");
                tensors.get(norm).putFloat(3 * Float.BYTES, bad);
              });
      assertOpenFails(
          target, "tensor 'model.norm.weight' must hold finite numbers, got " + bad + " at [3]");
      MoreFiles.deleteRecursively(target, RecursiveDeleteOption.ALLOW_INSECURE);
    }
  }

  @ParameterizedTest
  @MethodSource("families")
  void aMissingTensorIsRefusedByName(String name) throws IOException {
    for (String missing : List.of("input_layernorm.weight", "model.norm.weight")) {
      Path target = rewritten(name, tensors -> tensors.remove(slot(tensors, missing)));
      assertOpenFails(target, missing);
      MoreFiles.deleteRecursively(target, RecursiveDeleteOption.ALLOW_INSECURE);
    }
  }

  @ParameterizedTest
  @MethodSource("families")
  void aWrongShapeIsRefusedByNameWithBothShapes(String name) throws IOException {
    Path target =
        rewritten(
            name,
            tensors -> {
              TensorSlot norm = slot(tensors, "model.norm.weight");
              ByteBuffer bytes = tensors.remove(norm);
              long half = norm.shape().get(0) / 2;
              tensors.put(
                  new TensorSlot(norm.name(), norm.dtype(), ImmutableList.of(half)),
                  bytes.limit((int) half * Float.BYTES));
            });
    assertOpenFails(target, "model.norm.weight");
  }

  private static void assertOpenFails(Path folder, String message) {
    assertThatThrownBy(
            () -> {
              try (Checkpoint checkpoint = Checkpoint.open(folder)) {
                LanguageModel.open(checkpoint, Precision.FLOAT32).close();
              }
            })
        .isInstanceOf(CoppiceException.class)
        .hasMessageContaining(message)
        .hasMessageContaining(folder.getFileName().toString())
        .extracting(e -> ((CoppiceException) e).kind())
        .isEqualTo(ErrorKind.INPUT_INVALID);
  }

  private static LanguageModel open(String name) throws IOException {
    try (Checkpoint checkpoint = Checkpoint.open(Goldens.folder(name))) {
      return LanguageModel.open(checkpoint, Precision.FLOAT32);
    }
  }

  private static TokenBatch labelled(int batch, int sequence) {
    int[] ids = new Random(6).ints((long) batch * sequence, 0, 53).toArray();
    return new TokenBatch(ids, ids.clone(), batch, sequence);
  }
}
