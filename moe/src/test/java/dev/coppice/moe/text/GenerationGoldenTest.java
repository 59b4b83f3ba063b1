package dev.coppice.moe.text;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.within;

import com.google.common.collect.ImmutableSet;
import com.google.common.primitives.ImmutableIntArray;
import com.google.common.primitives.Ints;
import dev.coppice.moe.checkpoint.Checkpoint;
import dev.coppice.moe.model.Generation;
import dev.coppice.moe.model.LanguageModel;
import dev.coppice.moe.model.Precision;
import dev.coppice.moe.model.TokenBatch;
import dev.coppice.moe.safetensors.SafetensorsFile;
import dev.coppice.moe.safetensors.TensorInfo;
import dev.coppice.moe.testing.Goldens;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Generation is what transformers makes, and what the whole model says of the whole text. */
class GenerationGoldenTest {
  private static final String GENERATED = "generated";
  private static final int PROMPT = 5;

  static List<String> folders() {
    return Goldens.names();
  }

  /** The one folder without a text is one whose greedy text meets its end token. */
  static List<String> texts() {
    return Goldens.names().stream().filter(name -> !name.equals("mixtral_tied")).toList();
  }

  @ParameterizedTest
  @MethodSource("texts")
  void greedyTextIsThatOfTransformers(String name) throws IOException {
    int[] prompt = Arrays.copyOf(golden(name, "ids"), PROMPT);
    int[] expected = golden(name, GENERATED);
    List<Integer> seen = new ArrayList<>();
    try (LanguageModel model = open(name)) {
      Sampling greedy = Sampling.greedy(expected.length);
      TextGenerator.Result made = new TextGenerator(model, greedy).generate(prompt, seen::add);
      assertThat(made.ids().toArray()).containsExactly(expected);
      assertThat(made.stopped()).isFalse();
      assertThat(seen).isEqualTo(Ints.asList(expected));

      int[] shorter = Arrays.copyOf(expected, Ints.indexOf(expected, expected[3]));
      Sampling stopping = new Sampling(0, 0, 1, 0, 20, ImmutableSet.of(-1, expected[3]));
      assertThat(new TextGenerator(model, stopping).generate(prompt, id -> {}))
          .isEqualTo(new TextGenerator.Result(ImmutableIntArray.copyOf(shorter), true));
    }
  }

  @ParameterizedTest
  @MethodSource("folders")
  void cachedTextIsThatOfTheWholeModel(String name) throws IOException {
    int[] ids = Arrays.copyOf(golden(name, "ids"), 12);
    try (LanguageModel model = open(name);
        Generation text = model.generation(ids.length)) {
      float[] whole = model.logits(TokenBatch.unlabelled(ids, 1));
      assertSame(text.append(ids[0], ids[1], ids[2], ids[3]), whole, 3);
      assertSame(text.append(ids[4]), whole, 4);
      assertSame(text.append(ids[5], ids[6], ids[7]), whole, 7);
      for (int i = 8; i < ids.length; i++) {
        assertSame(text.append(ids[i]), whole, i);
      }
      assertThat(text.length()).isEqualTo(ids.length);
    }
  }

  /** A prompt that is run in several pieces; windows reach over their borders. */
  @ParameterizedTest
  @ValueSource(strings = {"gpt_oss", "deepseek_v2_lite", "granitemoe", "qwen2_moe_window"})
  void longPromptIsThatOfTheWholeModel(String name) throws IOException {
    int[] ids = new Random(3).ints(600, 0, 53).toArray();
    try (Checkpoint checkpoint = Checkpoint.open(folder(name));
        LanguageModel model =
            LanguageModel.fresh(
                checkpoint.config().deepCopy().put("max_position_embeddings", 600),
                4,
                Precision.FLOAT32);
        Generation text = model.generation(ids.length)) {
      float[] whole = model.logits(TokenBatch.unlabelled(ids, 1));
      assertSame(text.append(Arrays.copyOf(ids, 517)), whole, 516);
      assertSame(text.append(Arrays.copyOfRange(ids, 517, 600)), whole, 599);
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {"gpt_oss", "deepseek_v3", "mixtral"})
  void mixedPrecisionGoesOnToo(String name) throws IOException {
    int[] ids = Arrays.copyOf(golden(name, "ids"), 12);
    try (Checkpoint checkpoint = Checkpoint.open(folder(name));
        LanguageModel model = LanguageModel.open(checkpoint, Precision.BF16_MIXED);
        Generation text = model.generation(ids.length)) {
      float[] whole = model.logits(TokenBatch.unlabelled(ids, 1));
      text.append(Arrays.copyOf(ids, 11));
      assertClose(text.append(ids[11]), whole, 11, 2e-2);
    }
  }

  @Test
  void whatDoesNotFitIsRefusedAndTheTextGoesOn() throws IOException {
    int[] ids = Arrays.copyOf(golden("mixtral", "ids"), 8);
    try (LanguageModel model = open("mixtral");
        Generation text = model.generation(ids.length)) {
      text.append(Arrays.copyOf(ids, 6));
      assertThatIllegalArgumentException()
          .isThrownBy(() -> text.append(1, 2, 3))
          .withMessage("text must be at most 8 tokens, got 6 and 3 more");
      assertThatIllegalArgumentException()
          .isThrownBy(text::append)
          .withMessage("ids must hold a token, got none");
      for (int bad : new int[] {-1, 53, Integer.MAX_VALUE, Integer.MIN_VALUE}) {
        assertThatIllegalArgumentException()
            .isThrownBy(() -> text.append(7, bad))
            .withMessage("token id must lie in 0..52, got " + bad + " (position 1)");
      }
      float[] last = text.append(ids[6], ids[7]);
      assertSame(last, model.logits(TokenBatch.unlabelled(ids, 1)), 7);
      assertThatIllegalArgumentException().isThrownBy(() -> text.append(1));
      for (int bad : new int[] {0, -1, 33, Integer.MAX_VALUE}) {
        assertThatIllegalArgumentException()
            .isThrownBy(() -> model.generation(bad))
            .withMessage("capacity must lie in 1..32 (the model's positions), got " + bad);
      }
    }
  }

  @Test
  void promptsThatDoNotFitAreRefused() throws IOException {
    try (LanguageModel model = open("mixtral")) {
      TextGenerator generator = new TextGenerator(model, Sampling.greedy(Integer.MAX_VALUE));
      assertThatIllegalArgumentException()
          .isThrownBy(() -> generator.generate(new int[0], id -> {}))
          .withMessage("prompt must hold a token, got none");
      assertThatIllegalArgumentException()
          .isThrownBy(() -> generator.generate(new int[33], id -> {}))
          .withMessage("prompt must be at most the model's 32 positions, got 33 tokens");
      assertThatIllegalArgumentException()
          .isThrownBy(() -> generator.generate(new int[] {53}, id -> {}))
          .withMessage("token id must lie in 0..52, got 53 (position 0)");
      // a prompt of all positions has one token after it, which itself has no position
      assertThat(generator.generate(new int[32], id -> {}).ids().length()).isEqualTo(1);
      assertThat(generator.generate(new int[30], id -> {}).ids().length()).isEqualTo(3);
    }
  }

  @Test
  void theSeedChoosesTheText() throws IOException {
    try (LanguageModel model = open("qwen3_moe_dense_layer")) {
      assertThat(drawn(model, 0, 1, 7)).isEqualTo(drawn(model, 0, 1, 7));
      assertThat(drawn(model, 0, 1, 7)).isNotEqualTo(drawn(model, 0, 1, 8));
      int[] prompt = {3, 1, 4};
      TextGenerator greedy = new TextGenerator(model, Sampling.greedy(12));
      assertThat(drawn(model, 1, 1, 7)).isEqualTo(greedy.generate(prompt, id -> {}).ids());
      assertThat(drawn(model, 0, 1e-9, 7)).isEqualTo(greedy.generate(prompt, id -> {}).ids());
    }
  }

  private static ImmutableIntArray drawn(LanguageModel model, int topK, double topP, long seed) {
    Sampling sampling = new Sampling(1.5, topK, topP, seed, 12, ImmutableSet.of());
    return new TextGenerator(model, sampling).generate(new int[] {3, 1, 4}, id -> {}).ids();
  }

  private static void assertSame(float[] found, float[] whole, int position) {
    assertClose(found, whole, position, 1e-5);
    float[] row = Arrays.copyOfRange(whole, position * found.length, (position + 1) * found.length);
    assertThat(TokenChoice.likeliest(found)).isEqualTo(TokenChoice.likeliest(row));
  }

  private static void assertClose(float[] found, float[] whole, int position, double tolerance) {
    double largest = 0;
    for (float logit : whole) {
      largest = Math.max(largest, Math.abs(logit));
    }
    for (int i = 0; i < found.length; i++) {
      assertThat((double) found[i])
          .as("logit %s of position %s", i, position)
          .isCloseTo(whole[position * found.length + i], within(tolerance * largest));
    }
  }

  private static LanguageModel open(String name) throws IOException {
    try (Checkpoint checkpoint = Checkpoint.open(folder(name))) {
      return LanguageModel.open(checkpoint, Precision.FLOAT32);
    }
  }

  private static Path folder(String name) {
    return Goldens.folder(name);
  }

  private static int[] golden(String name, String tensor) throws IOException {
    Path file = folder(name).resolve("golden-transformers-5.18.safetensors");
    try (SafetensorsFile values = SafetensorsFile.open(file)) {
      TensorInfo info = values.tensor(tensor);
      ByteBuffer bytes =
          ByteBuffer.allocate(Ints.checkedCast(info.byteSize())).order(ByteOrder.LITTLE_ENDIAN);
      values.read(info, 0, bytes);
      long[] longs = new long[bytes.flip().remaining() / Long.BYTES];
      bytes.asLongBuffer().get(longs);
      return Arrays.stream(longs).mapToInt(Ints::checkedCast).toArray();
    }
  }
}
