package dev.coppice.moe.model;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.coppice.moe.CoppiceException;
import dev.coppice.moe.checkpoint.Checkpoint;
import dev.coppice.moe.checkpoint.CheckpointWriter;
import dev.coppice.moe.family.Family;
import dev.coppice.moe.parameter.FloatDecoder;
import dev.coppice.moe.parameter.ParameterLayout;
import dev.coppice.moe.safetensors.Dtype;
import dev.coppice.moe.spec.MoeSpec;
import dev.coppice.moe.testing.Memories;
import dev.coppice.moe.testing.SmallModel;
import dev.coppice.moe.testing.TinyCheckpoints;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.FloatBuffer;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class LanguageModelTest {
  private static final MoeSpec SPEC = Family.of(SmallModel.config()).spec(SmallModel.config());

  @Test
  void writtenModelOpensWithTheSameBits(@TempDir Path folder) throws Exception {
    Path saved = folder.resolve("saved");
    TokenBatch batch = SmallModel.batch(1);
    try (LanguageModel model = LanguageModel.fresh(SmallModel.config(), 3, Precision.FLOAT32)) {
      try (CheckpointWriter writer = CheckpointWriter.begin(saved)) {
        model.writeTo(writer, 20_000); // several shards
        writer.commit();
      }
      try (Checkpoint checkpoint = Checkpoint.open(saved);
          LanguageModel again = LanguageModel.open(checkpoint, Precision.FLOAT32)) {
        assertThat(checkpoint.shardFiles()).hasSizeGreaterThan(1);
        assertThat(checkpoint.config().get("dtype").asText()).isEqualTo("float32");
        assertThat(again.logits(batch)).isEqualTo(model.logits(batch));
      }
    }
  }

  @Test
  void bfloat16FolderLoadsExactly(@TempDir Path folder) throws Exception {
    TinyCheckpoints.write(folder.resolve("bf16"), SPEC, Dtype.BF16, 4);
    TinyCheckpoints.write(folder.resolve("f32"), SPEC, Dtype.F32, 4);
    try (Checkpoint half = Checkpoint.open(folder.resolve("bf16"));
        Checkpoint full = Checkpoint.open(folder.resolve("f32"));
        LanguageModel halfModel = LanguageModel.open(half, Precision.FLOAT32);
        LanguageModel fullModel = LanguageModel.open(full, Precision.FLOAT32)) {
      for (int slot = 0; slot < halfModel.parameters().layout().slots().size(); slot++) {
        long size = halfModel.parameters().layout().slots().get(slot).elements();
        if (size > 0) {
          FloatBuffer a = Memories.map(halfModel.parameters(), slot, 0, size).asFloatBuffer();
          FloatBuffer b = Memories.map(fullModel.parameters(), slot, 0, size).asFloatBuffer();
          for (int i = 0; i < size; i++) {
            int truncated = Float.floatToRawIntBits(b.get(i)) & 0xffff0000;
            assertThat(Float.floatToRawIntBits(a.get(i))).isEqualTo(truncated);
          }
        }
      }
    }
  }

  @Test
  void freshWeightsAreNormalAndFollowTheSeed() {
    ObjectNode config = SmallModel.config().put("initializer_range", 0.1);
    try (LanguageModel one = LanguageModel.fresh(config, 1, Precision.FLOAT32);
        LanguageModel same = LanguageModel.fresh(config, 1, Precision.FLOAT32);
        LanguageModel other = LanguageModel.fresh(config, 2, Precision.FLOAT32)) {
      float[] a = one.parameters().array(ParameterLayout.EMBEDDING).toFloatArray();
      assertThat(same.parameters().array(ParameterLayout.EMBEDDING).toFloatArray()).isEqualTo(a);
      assertThat(other.parameters().array(ParameterLayout.EMBEDDING).toFloatArray())
          .isNotEqualTo(a);
      double sum = 0;
      double squares = 0;
      for (float value : a) {
        sum += value;
        squares += (double) value * value;
      }
      assertThat(sum / a.length).isCloseTo(0, within(0.01));
      assertThat(Math.sqrt(squares / a.length)).isCloseTo(0.1, within(0.005));
      assertThat(one.parameters().array(ParameterLayout.FINAL_NORM).toFloatArray())
          .containsOnly(1f);
    }
  }

  @Test
  void badTokensAreRefusedByName() {
    try (LanguageModel model = LanguageModel.fresh(SmallModel.config(), 1, Precision.FLOAT32)) {
      assertThatIllegalArgumentException()
          .isThrownBy(() -> model.logits(TokenBatch.unlabelled(new int[] {1, 61}, 1)))
          .withMessage("token id must lie in 0..60, got 61 (position 1)");
      assertThatIllegalArgumentException()
          .isThrownBy(() -> model.logits(TokenBatch.unlabelled(new int[65], 1)))
          .withMessage("sequence must be at most the model's 64 positions, got 65");
      assertThatIllegalArgumentException()
          .isThrownBy(() -> model.score(new TokenBatch(new int[1], new int[] {-1}, 1, 1)))
          .withMessage("label must lie in 0..60 or be -100, got -1 (position 0)");
      assertThatIllegalArgumentException()
          .isThrownBy(() -> new TokenBatch(new int[0], new int[0], 0, 4))
          .withMessage("batch must hold tokens, got shape [0, 4]");
    }
  }

  @Test
  void configThatKernelsCannotRunIsRefused() {
    ObjectNode config = SmallModel.config().put("hidden_act", "gelu");
    assertThatThrownBy(() -> LanguageModel.fresh(config, 1, Precision.FLOAT32))
        .isInstanceOf(CoppiceException.class)
        .hasMessageContaining("hidden_act");
  }

  @Test
  void halfPrecisionDecodesExactly() {
    assertThat(decoded(0x3c00)).isEqualTo(1f);
    assertThat(decoded(0xc000)).isEqualTo(-2f);
    assertThat(decoded(0x7bff)).isEqualTo(65504f);
    assertThat(decoded(0x0001)).isEqualTo(0x1p-24f);
    assertThat(decoded(0x8000)).isEqualTo(-0f);
    assertThat(decoded(0xfc00)).isEqualTo(Float.NEGATIVE_INFINITY);
    assertThat(decoded(0x7e00)).isNaN();
  }

  private static float decoded(int half) {
    ByteBuffer bytes = ByteBuffer.allocate(2).order(ByteOrder.LITTLE_ENDIAN);
    FloatBuffer value = FloatBuffer.allocate(1);
    FloatDecoder.F16.decode(bytes.putShort(0, (short) half), value);
    return value.get(0);
  }
}
