package dev.coppice.bench;

import static org.assertj.core.api.Assertions.assertThat;

import com.google.common.collect.ImmutableList;
import dev.coppice.growth.GrowthExecutor;
import dev.coppice.growth.GrowthRequest;
import dev.coppice.growth.depth.Interpose;
import dev.coppice.growth.plan.GrowthOperator;
import dev.coppice.growth.width.DuplicateExperts;
import dev.coppice.moe.checkpoint.Checkpoint;
import dev.coppice.moe.safetensors.Dtype;
import dev.coppice.moe.spec.GroupedAttention;
import dev.coppice.moe.spec.LayerSpec;
import dev.coppice.moe.spec.MoeSpec;
import dev.coppice.moe.spec.RouterSpec;
import dev.coppice.moe.testing.TinyCheckpoints;
import dev.coppice.moe.text.ByteTokenizer;
import dev.coppice.train.budget.Budget;
import dev.coppice.train.data.encode.CorpusBuilder;
import dev.coppice.train.data.token.TokenFile;
import dev.coppice.train.run.ProgressListener;
import dev.coppice.train.run.TrainResult;
import dev.coppice.train.run.TrainingRun;
import dev.coppice.train.spec.TrainSpec;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The README's Java example, run as it stands there. */
class LibraryExampleTest {
  private static final LayerSpec MOE = new LayerSpec.Moe(2, 1, 4);

  @TempDir Path parent;

  @Test
  void growsAndContinues() throws IOException {
    Path base = parent.resolve("base");
    MoeSpec spec =
        new MoeSpec(
            "qwen3_moe",
            256,
            8,
            GroupedAttention.plain(2, 1, 4, true, 10_000),
            new RouterSpec(true),
            ImmutableList.of(MOE, MOE),
            1e-6,
            false,
            256);
    TinyCheckpoints.write(base, spec, Dtype.F32, 1);
    Path texts = Files.createDirectory(parent.resolve("texts"));
    Files.writeString(texts.resolve("a.txt"), "coppice ".repeat(1000));
    TrainResult result = growAndContinue(base, texts, parent);
    assertThat(result.steps()).isEqualTo(2);
  }

  private static TrainResult growAndContinue(Path base, Path texts, Path out) throws IOException {
    Path grown = out.resolve("grown");
    GrowthOperator operator = Interpose.times(2).then(DuplicateExperts.times(2, 0.01));
    try (Checkpoint checkpoint = Checkpoint.open(base)) {
      GrowthExecutor.run(checkpoint, GrowthRequest.of(operator, 17), grown, (done, total) -> {});
    }
    try (TokenFile tokens =
            CorpusBuilder.tokenize(
                List.of(texts), new ByteTokenizer(), out.resolve("text.tokens"));
        TrainingRun run =
            TrainingRun.start(
                TrainSpec.defaults(), grown, tokens, new Budget.Steps(2), out.resolve("run"))) {
      return run.run(ProgressListener.NONE);
    }
  }
}
