package dev.coppice.bench;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import com.google.common.collect.ImmutableList;
import dev.coppice.moe.cli.Coppice;
import dev.coppice.moe.family.Family;
import dev.coppice.moe.safetensors.Dtype;
import dev.coppice.moe.spec.GroupedAttention;
import dev.coppice.moe.spec.LayerSpec;
import dev.coppice.moe.spec.MoeSpec;
import dev.coppice.moe.spec.RouterSpec;
import dev.coppice.moe.testing.TinyCheckpoints;
import java.io.IOException;
import java.io.PrintWriter;
import java.io.RandomAccessFile;
import java.io.StringWriter;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.function.Consumer;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import picocli.CommandLine;

/** What the whole program says to bad input: one line, its exit code, and a disk as it was. */
class BadInputTest {
  private static final LayerSpec MOE = new LayerSpec.Moe(4, 2, 4);
  private static final MoeSpec SPEC =
      new MoeSpec(
          "qwen3_moe",
          256,
          8,
          GroupedAttention.plain(2, 1, 4, true, 10_000),
          new RouterSpec(true),
          ImmutableList.of(MOE, MOE),
          1e-6,
          false,
          64);

  @TempDir Path parent;
  private Path base;
  private Path text;
  private final StringWriter err = new StringWriter();

  @BeforeEach
  void writeABaseAndSomeText() throws IOException {
    base = parent.resolve("base");
    TinyCheckpoints.write(
        base,
        SPEC,
        Family.named("qwen3_moe").configFor(SPEC),
        new TinyCheckpoints.Options(Dtype.F32, 1, 4000));
    text = Files.createDirectory(parent.resolve("text"));
    for (int i = 0; i < 4; i++) {
      Files.writeString(text.resolve(i + ".txt"), "coppice ".repeat(100));
    }
  }

  @Test
  void aMissingShard() throws IOException {
    Path shard = shards().get(1);
    Files.delete(shard);
    assertFails(3, grow(), shard + ": shard must exist");
  }

  @Test
  void aTruncatedShard() throws IOException {
    Path shard = shards().get(0);
    try (RandomAccessFile file = new RandomAccessFile(shard.toString(), "rw")) {
      file.setLength(file.length() - 5);
    }
    assertFails(3, grow(), shard + ": data must hold");
  }

  @Test
  void aHeaderLengthBeyondTheFile() throws IOException {
    Path shard = shards().get(0);
    try (RandomAccessFile file = new RandomAccessFile(shard.toString(), "rw")) {
      file.write(new byte[] {0, 0, 0, 1, 0, 0, 0, 0});
    }
    assertFails(3, grow(), shard + ": header length at offset 0 must fit the file, got 16777216");
  }

  @Test
  void overlappingTensors() throws IOException {
    Path shard = shards().get(0);
    String entry = "{\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[0,8]}";
    byte[] header = ("{\"a\":" + entry + ",\"b\":" + entry + "}").getBytes(StandardCharsets.UTF_8);
    ByteBuffer bytes = ByteBuffer.allocate(16 + header.length).order(ByteOrder.LITTLE_ENDIAN);
    Files.write(shard, bytes.putLong(header.length).put(header).array());
    assertFails(
        3,
        grow(),
        shard + ": tensor 'b' must begin at data offset 8, got 0: it overlaps tensor 'a'");
  }

  @Test
  void expertsAtOddsWithTheConfig() throws IOException {
    config(c -> c.put("num_experts", 3));
    assertFails(
        3, grow(), "router of layer 0 has 4 rows, but config.json says 3 experts (num_experts)");
    assertFails(3, new String[] {"inspect", base.toString()}, "router of layer 0 has 4 rows");
  }

  @Test
  void anUnknownModelType() throws IOException {
    config(c -> c.put("model_type", "gpt9"));
    assertFails(3, grow(), "or of a family file, got 'gpt9'");
  }

  @Test
  void anOutputFolderThatExists() throws IOException {
    Files.createDirectory(parent.resolve("out"));
    assertFails(2, grow(), "output folder must not exist, got " + parent.resolve("out"));
    assertFails(2, train("--steps", "1"), parent.resolve("out").toString());
  }

  @Test
  void aBudgetSmallerThanOneStep() throws IOException {
    assertFails(2, train("--budget", "1000"), "1000");
  }

  @Test
  void noReadableText() throws IOException {
    for (int i = 0; i < 4; i++) {
      Files.write(text.resolve(i + ".txt"), new byte[] {(byte) 0xFF, 0, 1});
    }
    assertFails(3, train("--steps", "1"), text.toString());
  }

  @Test
  void growthThatChangesNothing() throws IOException {
    assertFails(
        2, new String[] {"grow", base.toString(), parent.resolve("out").toString()}, "--depth");
  }

  private String[] grow() {
    return new String[] {
      "grow", base.toString(), parent.resolve("out").toString(), "--depth", "2", "--quiet"
    };
  }

  private String[] train(String option, String value) {
    return new String[] {
      "train",
      base.toString(),
      "--data",
      text.toString(),
      "--out",
      parent.resolve("out").toString(),
      option,
      value,
      "--batch",
      "2",
      "--sequence",
      "16",
      "--quiet"
    };
  }

  private void assertFails(int code, String[] arguments, String message) throws IOException {
    List<Path> before = files();
    CommandLine line = Coppice.commandLine();
    line.setErr(new PrintWriter(err)).setOut(new PrintWriter(new StringWriter()));
    line.setColorScheme(CommandLine.Help.defaultColorScheme(CommandLine.Help.Ansi.OFF));
    err.getBuffer().setLength(0);
    assertThat(line.execute(arguments)).as(err.toString()).isEqualTo(code);
    List<String> lines = err.toString().lines().toList();
    assertThat(lines).hasSize(1);
    assertThat(lines.get(0)).startsWith("coppice: ").contains(message);
    assertThat(files()).isEqualTo(before);
  }

  private void config(Consumer<ObjectNode> change) throws IOException {
    Path file = base.resolve("config.json");
    ObjectMapper json = new ObjectMapper();
    ObjectNode tree = (ObjectNode) json.readTree(file.toFile());
    change.accept(tree);
    json.writeValue(file.toFile(), tree);
  }

  private List<Path> shards() throws IOException {
    try (Stream<Path> files = Files.list(base)) {
      return files.filter(f -> f.toString().endsWith(".safetensors")).sorted().toList();
    }
  }

  private List<Path> files() throws IOException {
    try (Stream<Path> files = Files.walk(parent)) {
      return files.sorted().toList();
    }
  }
}
