package dev.coppice.bench.micro;

import static org.assertj.core.api.Assertions.assertThat;

import dev.coppice.moe.safetensors.Dtype;
import dev.coppice.moe.spec.MoeSpec;
import dev.coppice.moe.testing.MoeSpecs;
import dev.coppice.moe.testing.TinyCheckpoints;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class SpeedGrowTest {
  @Test
  void measuresBothGrowthsAndCleansUp(@TempDir Path folder) throws IOException {
    MoeSpec spec = MoeSpecs.ofFamily("mixtral").filter(s -> s.layerCount() == 2).sample();
    TinyCheckpoints.write(folder.resolve("source"), spec, Dtype.BF16, 1);
    Path work = Files.createDirectory(folder.resolve("work"));
    List<String> log = new ArrayList<>();
    List<SpeedGrow.Arm> arms = SpeedGrow.measure(folder.resolve("source"), work, 3, log::add);
    assertThat(arms).extracting(SpeedGrow.Arm::name).containsExactly("depth", "width");
    for (SpeedGrow.Arm arm : arms) {
      assertThat(arm.seconds()).hasSize(3);
      assertThat(arm.medianSeconds()).isPositive().isIn(arm.seconds());
      assertThat(arm.ratio()).isEqualTo(arm.medianSeconds() / arm.medianCopySeconds());
      assertThat(arm.bytes()).isPositive();
    }
    assertThat(log).hasSize(6);
    try (Stream<Path> left = Files.list(work)) {
      assertThat(left).isEmpty();
    }
  }

  @Test
  void timesWholeCommandsOverManyTensors(@TempDir Path folder) throws IOException {
    SpeedPlan plan = SpeedPlan.measure(folder, 1);
    assertThat(plan.inspectTensors()).isGreaterThan(37_000);
    assertThat(plan.planTensors()).isGreaterThan(280_000);
    assertThat(plan.inspectSeconds()).isPositive();
    assertThat(plan.planSeconds()).isPositive();
  }
}
