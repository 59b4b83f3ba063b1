package dev.coppice.moe.checkpoint;

import static org.assertj.core.api.Assertions.assertThat;

import com.code_intelligence.jazzer.junit.FuzzTest;
import dev.coppice.moe.folder.FolderFiles;
import dev.coppice.moe.safetensors.CheckpointFormatException;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.stream.Stream;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * Any bytes as an index: a clean result or one named error, and no name leads out of the folder.
 *
 * <p>A normal build runs the seeds only.
 */
class IndexFuzzTest {
  private static final Path FOLDER = Path.of("/models/fuzzed");
  private static final Path FILE = FOLDER.resolve(FolderFiles.INDEX);

  static Stream<byte[]> seeds() {
    return Stream.of(
            "{'metadata':{'total_size':8},'weight_map':{'a':'model-00001-of-00002.safetensors'}}",
            "{'weight_map':{'a':'x.safetensors','b':'y.safetensors'},'metadata':null}",
            "{'weight_map':{'a':'../x.safetensors'}}",
            "{'weight_map':{'a':'C:\\\\x.safetensors'}}",
            "{'weight_map':{'a':'\\u0000.safetensors'}}",
            "{'weight_map':{'a':'\\ud800.safetensors'}}",
            "{'weight_map':{'a':1}}",
            "{'weight_map':{}}",
            "[]",
            "version https://git-lfs.github.com/spec/v1")
        .map(json -> json.replace('\'', '"').getBytes(StandardCharsets.UTF_8));
  }

  @MethodSource("seeds")
  @FuzzTest(maxExecutions = 1_000_000, maxDuration = "30m")
  void anyBytes(byte[] bytes) throws IOException {
    try {
      IndexFile index = IndexFile.parse(FILE, bytes);
      assertThat(index.weightMap()).isNotEmpty();
      for (String name : index.weightMap().values()) {
        Path shard = ShardIndex.plainPath(FOLDER, FILE, name);
        assertThat(shard.normalize().getParent()).isEqualTo(FOLDER);
        assertThat(shard.getFileName().toString()).isEqualTo(name);
      }
    } catch (CheckpointFormatException e) {
      assertThat(e.getMessage()).startsWith(FILE + ": ").hasSizeLessThan(1200);
    }
  }
}
