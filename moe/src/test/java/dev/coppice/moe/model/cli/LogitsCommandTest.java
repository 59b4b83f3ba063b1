package dev.coppice.moe.model.cli;

import static org.assertj.core.api.Assertions.assertThat;

import com.google.common.collect.ImmutableList;
import dev.coppice.moe.cli.Coppice;
import dev.coppice.moe.safetensors.Dtype;
import dev.coppice.moe.safetensors.SafetensorsFile;
import dev.coppice.moe.safetensors.TensorInfo;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Objects;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import picocli.CommandLine;

class LogitsCommandTest {
  @TempDir private Path folder;
  private final StringWriter out = new StringWriter();
  private final StringWriter err = new StringWriter();
  private String checkpoint = "";

  @BeforeEach
  void findCheckpoint() throws Exception {
    checkpoint =
        Path.of(Objects.requireNonNull(getClass().getResource("/golden/mixtral")).toURI())
            .toString();
  }

  private int run(String ids) throws Exception {
    Path file = folder.resolve("ids.json");
    Files.writeString(file, ids);
    CommandLine line = Coppice.commandLine();
    line.setOut(new PrintWriter(out, true)).setErr(new PrintWriter(err, true));
    return line.execute(
        "logits",
        checkpoint,
        "--ids",
        file.toString(),
        "--out",
        folder.resolve("logits.safetensors").toString(),
        "--json");
  }

  @Test
  void writesOneTensor() throws Exception {
    assertThat(run("[[1, 2, 3], [4, 5, 6]]")).as(err.toString()).isZero();
    try (SafetensorsFile file = SafetensorsFile.open(folder.resolve("logits.safetensors"))) {
      TensorInfo logits = file.tensor("logits");
      assertThat(logits.dtype()).isEqualTo(Dtype.F32);
      assertThat(logits.shape()).isEqualTo(ImmutableList.of(2L, 3L, 53L));
    }
    assertThat(out.toString()).contains("\"shape\" : [ 2, 3, 53 ]");
  }

  @Test
  void badIdsLeaveNothingBehind() throws Exception {
    for (String ids : List.of("[]", "[[]]", "[[1],[2,3]]", "[[53]]", "{", "[[\"a\"]]")) {
      assertThat(run(ids)).as(ids).isEqualTo(3);
    }
    assertThat(err.toString()).contains("token id must lie in 0..52, got 53", "ids.json");
    try (var files = Files.list(folder)) {
      assertThat(files).containsExactly(folder.resolve("ids.json"));
    }
  }

  @Test
  void existingFileIsKept() throws Exception {
    Files.writeString(folder.resolve("logits.safetensors"), "mine");
    assertThat(run("[[1]]")).isEqualTo(2);
    assertThat(folder.resolve("logits.safetensors")).hasContent("mine");
  }
}
