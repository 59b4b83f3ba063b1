package dev.coppice.moe.train;

import static org.assertj.core.api.Assertions.assertThat;

import com.google.common.collect.ImmutableList;
import dev.coppice.moe.model.LanguageModel;
import dev.coppice.moe.model.Precision;
import dev.coppice.moe.model.TokenBatch;
import dev.coppice.moe.naive.NaiveWeights;
import dev.coppice.moe.spec.GroupedAttention;
import dev.coppice.moe.spec.LayerSpec;
import dev.coppice.moe.spec.MoeSpec;
import dev.coppice.moe.spec.RouterSpec;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Random;
import org.junit.jupiter.api.Test;

/**
 * The logits of all tokens are never in memory at once, neither the student's nor the teacher's.
 */
class DistillationMemoryTest {
  private static final int VOCABULARY = 16_000;
  private static final int TOKENS = 8192;
  private static final Path STATUS = Path.of("/proc/self/status");

  @Test
  void logitsComeInChunks() throws IOException {
    try (LanguageModel student = LanguageModel.blank(spec(), Precision.FLOAT32);
        LanguageModel teacher = LanguageModel.blank(spec(), Precision.FLOAT32);
        Learner learner = Learner.fresh(student)) {
      NaiveWeights.scatter(student, 1);
      NaiveWeights.scatter(teacher, 2);
      Distillation distillation = new Distillation(teacher, 2, 1, 0);
      // what the allocator keeps after the first chunks is not the logits'
      learner.accumulate(batch(1024), LossWeights.NONE, 1, distillation);
      Files.writeString(Path.of("/proc/self/clear_refs"), "5");
      long before = peak();
      learner.accumulate(batch(TOKENS), LossWeights.NONE, 1, distillation);
      assertThat(peak() - before).isLessThan(4L * TOKENS * VOCABULARY * 3 / 4);
    }
  }

  private static TokenBatch batch(int tokens) {
    int[] ids = new Random(1).ints(tokens, 0, VOCABULARY).toArray();
    return new TokenBatch(ids, ids.clone(), 1, tokens);
  }

  /** Most bytes resident since the mark was set back. */
  private static long peak() throws IOException {
    return Files.readAllLines(STATUS).stream()
        .filter(line -> line.startsWith("VmHWM:"))
        .mapToLong(line -> Long.parseLong(line.replaceAll("\\D", "")) << 10)
        .findFirst()
        .orElseThrow();
  }

  private static MoeSpec spec() {
    return new MoeSpec(
        "qwen3_moe",
        VOCABULARY,
        16,
        GroupedAttention.plain(1, 1, 8, true, 10000),
        new RouterSpec(true),
        ImmutableList.of(new LayerSpec.Moe(2, 1, 8)),
        1e-6,
        false,
        TOKENS);
  }
}
