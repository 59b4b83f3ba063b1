package dev.coppice.moe.checkpoint;

import static org.assertj.core.api.Assertions.assertThat;

import com.google.common.io.MoreFiles;
import com.google.common.io.RecursiveDeleteOption;
import dev.coppice.moe.family.Family;
import dev.coppice.moe.safetensors.Dtype;
import dev.coppice.moe.spec.MoeSpec;
import dev.coppice.moe.testing.MoeSpecs;
import dev.coppice.moe.testing.TinyCheckpoints;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import net.jqwik.api.Arbitrary;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.Provide;

class CheckpointPropertyTest {

  @Provide
  Arbitrary<MoeSpec> specs() {
    return MoeSpecs.arbitrary();
  }

  @Property(tries = 100)
  void whatIsWrittenOpensWithTheSameShape(@ForAll("specs") MoeSpec spec) throws IOException {
    Path folder = Files.createTempDirectory("coppice").resolve("tiny");
    try {
      TinyCheckpoints.write(
          folder,
          spec,
          Family.named(spec.family()).configFor(spec),
          new TinyCheckpoints.Options(Dtype.BF16, 7, 600));
      try (Checkpoint checkpoint = Checkpoint.open(folder)) {
        assertThat(checkpoint.spec()).isEqualTo(spec);
        long elements =
            checkpoint.tensors().values().stream().mapToLong(StoredTensor::elementCount).sum();
        assertThat(elements).isEqualTo(spec.parameterCount());
      }
    } finally {
      MoreFiles.deleteRecursively(folder.getParent(), RecursiveDeleteOption.ALLOW_INSECURE);
    }
  }
}
