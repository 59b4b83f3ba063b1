package dev.coppice.moe.checkpoint;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.coppice.moe.folder.JsonFiles;
import dev.coppice.moe.safetensors.CheckpointFormatException.Reason;
import java.io.IOException;
import java.nio.charset.Charset;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** A {@code config.json} that is not the JSON it must be: one error that names file and place. */
class HostileJsonTest extends ShardedFolder {

  @Test
  void aFileThatIsNoObjectIsRefused() throws IOException {
    Files.writeString(folder.resolve("config.json"), "[1]");
    assertRefused(Reason.MALFORMED_JSON, "file must hold a JSON object");
    Files.writeString(folder.resolve("config.json"), "{\"a\":1,\"a\":2}");
    assertRefused(Reason.DUPLICATE_NAME, "Duplicate");
    Files.delete(folder.resolve("config.json"));
    assertRefused(Reason.MISSING_FILE, "config.json: file must exist");
  }

  @ParameterizedTest
  @ValueSource(strings = {"null", "1", "\"x\"", "[{}]", "", " ", "\n\n"})
  void aRootThatIsNoObjectIsNamed(String json) throws IOException {
    write(json.getBytes(StandardCharsets.UTF_8));
    assertRefused(Reason.MALFORMED_JSON, "config.json: file must hold a JSON object, got ");
  }

  @Test
  void textAfterTheObjectIsNamedWithItsPlace() throws IOException {
    write("{\"a\": 1}\n  {}".getBytes(StandardCharsets.UTF_8));
    assertRefused(
        Reason.MALFORMED_JSON, "file must end after its value, got more text at line 2, column 3");
    write("{\"a\": 1}\0".getBytes(StandardCharsets.UTF_8));
    assertRefused(Reason.MALFORMED_JSON, "got a NUL byte");
  }

  @Test
  void aFaultIsNamedWithItsPlace() throws IOException {
    write("{\n \"a\": 1,\n}".getBytes(StandardCharsets.UTF_8));
    assertRefused(Reason.MALFORMED_JSON, " at line 3, column ");
    for (String json : List.of("{'a':nan}", "{/**/'a':1}", "{'a':01}", "{a:1}", "{'a':'\u0001'}")) {
      write(json.replace('\'', '"').getBytes(StandardCharsets.UTF_8));
      assertRefused(Reason.MALFORMED_JSON, " at line 1, column ");
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {"-INF", "+INF", "+Infinity", "inf", "Inf", "NAN", "nan", "1e", "/**/1"})
  void aNumberThatPythonDoesNotKnowIsRefusedInPlainWords(String number) throws IOException {
    write(("{\"a\": " + number + "}").getBytes(StandardCharsets.UTF_8));
    assertThatThrownBy(() -> Checkpoint.open(folder))
        .hasMessageContaining("config.json: file must be JSON")
        .hasMessageNotContainingAny("Feature", "enable", "'INF'", "parser");
  }

  @Test
  void numbersComeOutAsPythonReadsThem() throws IOException {
    String text =
        "{'a': [0.0, Infinity, -Infinity, NaN], 'b': 1e400, 'c': -1e999, 'd': -0.0, 'e': 1e-06,"
            + " 'f': 123456789012345678901234567890, 'g': 0.1234567890123456789, 'h': 1E5}";
    ObjectNode tree =
        JsonFiles.parseObject(
            Path.of("config.json"), text.replace('\'', '"').getBytes(StandardCharsets.UTF_8));
    assertThat(JsonFiles.print(tree).replaceAll("\\s", ""))
        .isEqualTo(
            "{'a':[0.0,Infinity,-Infinity,NaN],'b':1E+400,'c':-1E+999,'d':-0.0,'e':1.0E-6,"
                    .replace('\'', '"')
                + "'f':123456789012345678901234567890,'g':0.12345678901234568,'h':100000.0}"
                    .replace('\'', '"'));
    assertThat(
            JsonFiles.parseObject(
                Path.of("config.json"), JsonFiles.print(tree).getBytes(StandardCharsets.UTF_8)))
        .isEqualTo(tree);
  }

  @ParameterizedTest
  @ValueSource(strings = {"UTF-16", "UTF-16LE", "UTF-16BE", "UTF-32"})
  void anotherEncodingIsRefused(String charset) throws IOException {
    write("{\"model_type\": \"mixtral\"}".getBytes(Charset.forName(charset)));
    assertRefused(Reason.MALFORMED_JSON, "config.json: file must be UTF-8");
  }

  @Test
  void aByteOrderMarkAndBrokenUtf8AreRefused() throws IOException {
    write("\uFEFF{}".getBytes(StandardCharsets.UTF_8));
    assertRefused(Reason.MALFORMED_JSON, "file must be UTF-8 without a byte order mark");
    write(new byte[] {'{', '"', (byte) 0xC0, (byte) 0xAF, '"', ':', '1', '}'});
    assertRefused(Reason.MALFORMED_JSON, "file must be UTF-8, got malformed bytes");
  }

  @Test
  void aNameTwiceAtAnyDepthIsRefused() throws IOException {
    write("{\"a\":{\"b\":[{\"c\":1,\"c\":2}]}}".getBytes(StandardCharsets.UTF_8));
    assertRefused(Reason.DUPLICATE_NAME, "Duplicate field 'c' at line 1, column ");
  }

  @Test
  void nestingAndNumbersAreBounded() throws IOException {
    write(("{\"a\":" + "[".repeat(100_000)).getBytes(StandardCharsets.UTF_8));
    assertRefused(Reason.MALFORMED_JSON, "file must be JSON, got a value beyond all measure");
    write(("{\"a\":" + "9".repeat(100_000) + "}").getBytes(StandardCharsets.UTF_8));
    assertRefused(Reason.MALFORMED_JSON, "file must be JSON, got a value beyond all measure");
  }

  @ParameterizedTest
  @ValueSource(strings = {"config.json", "model.safetensors.index.json"})
  void aForeignFileIsCalledWhatItIs(String name) throws IOException {
    Files.writeString(folder.resolve(name), "version https://git-lfs.github.com/spec/v1\noid");
    assertRefused(Reason.FOREIGN_FORMAT, name + ": file must be JSON, got a git-LFS pointer");
    Files.writeString(folder.resolve(name), "\n<!DOCTYPE html>\n<html>");
    assertRefused(Reason.FOREIGN_FORMAT, name + ": file must be JSON, got a web page");
  }

  @Test
  void aShardThatIsAPointerOrAPageIsCalledWhatItIs() throws IOException {
    Files.writeString(shards().get(1), "version https://git-lfs.github.com/spec/v1\noid");
    assertRefused(Reason.FOREIGN_FORMAT, shards().get(1) + ": file must be safetensors, got a git");
  }

  @Test
  void countsThatNoFolderCanHoldAreRefusedBeforeTheyAreSpelledOut() throws IOException {
    config(c -> c.put("num_hidden_layers", Integer.MAX_VALUE));
    assertRefused(Reason.BAD_CONFIG, "num_hidden_layers must be at most 10000, got 2147483647");
    config(c -> c.put("num_hidden_layers", 9_999));
    assertRefused(Reason.CONFIG_MISMATCH, "tensors must be at least as many as");
    config(c -> c.put("num_hidden_layers", 2).put("vocab_size", Integer.MAX_VALUE));
    config(c -> c.put("hidden_size", Integer.MAX_VALUE));
    assertRefused(Reason.BAD_CONFIG, "a model must have fewer than 10^17 parameters, got about");
  }

  @Test
  void numbersThatAreNotFiniteAreRefused() throws IOException {
    write(
        Files.readString(folder.resolve("config.json"))
            .replaceAll("\"rope_theta\" : [^,]*", "\"rope_theta\" : 1e999")
            .getBytes(StandardCharsets.UTF_8));
    assertRefused(Reason.BAD_CONFIG, "rope_theta must be a positive number, got ");
  }

  private void write(byte[] content) throws IOException {
    Files.write(folder.resolve("config.json"), content);
  }
}
