package dev.coppice.moe.checkpoint;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.coppice.moe.family.Families;
import dev.coppice.moe.family.Family;
import dev.coppice.moe.folder.CarriedFiles;
import dev.coppice.moe.folder.JsonFiles;
import dev.coppice.moe.folder.NativeCode;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What a copy of a folder says of code that the folder lacks. */
class MissingCodeTest {
  private static final String AUTO_MAP =
      "\"auto_map\": {\"AutoConfig\": \"configuration_my.C\", \"AutoModel\": \"modeling_my.M\"}";

  private static final NativeCode KNOWN = new NativeCode(Optional.of("deepseek_v3"));

  @TempDir Path parent;

  @Test
  void everyBuiltInTypeButTwoIsOneThatTransformersKnows() {
    assertThat(Families.builtIn().modelTypes())
        .filteredOn(type -> !Family.named(type).nativeTypes().contains(type))
        .containsExactly("hunyuan", "kimi_k2");
  }

  @Test
  void aTypeThatTransformersKnowsNeedsNoCode() throws IOException {
    Path folder = folder("plain", AUTO_MAP);
    Files.writeString(folder.resolve("configuration_my.py"), "");
    CarriedFiles carried = CarriedFiles.of(folder, KNOWN);
    assertThat(carried.files()).isEmpty();
    assertThat(config(carried, folder).has("auto_map")).isFalse();
    assertThat(config(carried, folder).path("kept").asInt()).isEqualTo(1);
    assertThat(carried.notes())
        .containsExactly(
            "config.json: auto_map is left out, and transformers reads deepseek_v3 without it, as"
                + " its code is not in the folder: modeling_my.py");
  }

  @Test
  void theTypeOfTheConfigurationItselfCounts() throws IOException {
    ObjectNode known = config("{\"model_type\": \"deepseek_v3\"}");
    ObjectNode alias = config("{\"model_type\": \"kimi_k2\"}");
    ObjectNode wrapped = config("{\"model_type\": \"my_vl\", \"text_config\": {}}");
    Family family = Family.named("deepseek_v3");
    assertThat(NativeCode.of(family, known).modelType()).contains("deepseek_v3");
    assertThat(NativeCode.of(family, alias).modelType()).isEmpty();
    assertThat(NativeCode.of(family, wrapped).modelType()).isEmpty();
  }

  @Test
  void codeThatIsThereIsCarriedEvenForAKnownType() throws IOException {
    Path folder = folder("plain", AUTO_MAP);
    Files.writeString(folder.resolve("configuration_my.py"), "");
    Files.writeString(folder.resolve("modeling_my.py"), "from .configuration_my import C\n");
    CarriedFiles carried = CarriedFiles.of(folder, KNOWN);
    assertThat(carried.references().files()).isEmpty();
    assertThat(carried.files()).hasSize(2);
  }

  @Test
  void anAutoMapInsideGoesToo() throws IOException {
    Path folder = folder("plain", "\"text_config\": {\"x\": 1, " + AUTO_MAP + "}");
    CarriedFiles carried = CarriedFiles.of(folder, KNOWN);
    assertThat(config(carried, folder).path("text_config").toString()).isEqualTo("{\"x\":1}");
  }

  @Test
  void anImportThatIsMissingIsMissingCode() throws IOException {
    Path folder = folder("plain", AUTO_MAP);
    Files.writeString(folder.resolve("configuration_my.py"), "");
    Files.writeString(
        folder.resolve("modeling_my.py"), "def f():\n  from .layers.fast import kernel\n");
    assertThat(CarriedFiles.of(folder, NativeCode.NONE).notes())
        .contains(
            "auto_map names code that is not in the folder: layers/fast.py; trust_remote_code"
                + " needs it");
    assertThat(CarriedFiles.of(folder, KNOWN).references().files()).containsExactly("config.json");
  }

  @Test
  void aSnapshotOfTheHubPointsAtItsRepository() throws IOException {
    Path folder =
        folder(
            "models--org--name/snapshots/abc",
            "\"auto_map\": {\"AutoConfig\": \"configuration_my.C\", \"AutoModel\":"
                + " \"far/away--modeling_my.M\"}, \"custom_pipelines\": {\"p\": {\"impl\":"
                + " \"pipe.P\", \"pt\": [\"AutoModel\"], \"type\": \"text\"}}");
    Files.writeString(
        folder.resolve("tokenizer_config.json"),
        "{\"tokenizer_class\": \"MyTokenizer\", \"auto_map\": {\"AutoTokenizer\": [\"tok.T\","
            + " null]}}");
    CarriedFiles carried = CarriedFiles.of(folder, NativeCode.NONE);
    ObjectNode config = config(carried, folder);
    assertThat(config.path("auto_map").toString())
        .isEqualTo(
            "{\"AutoConfig\":\"org/name--configuration_my.C\",\"AutoModel\":\"far/away--modeling_my.M\"}");
    assertThat(config.path("custom_pipelines").toString())
        .isEqualTo(
            "{\"p\":{\"impl\":\"org/name--pipe.P\",\"pt\":[\"AutoModel\"],\"type\":\"text\"}}");
    assertThat(
            carried
                .references()
                .in(folder.resolve("tokenizer_config.json"))
                .path("auto_map")
                .toString())
        .isEqualTo("{\"AutoTokenizer\":[\"org/name--tok.T\",null]}");
    assertThat(carried.notes())
        .containsExactly(
            "config.json: auto_map points at org/name, as its code is not in the folder:"
                + " configuration_my.py",
            "config.json: custom_pipelines points at org/name, as its code is not in the folder:"
                + " pipe.py",
            "tokenizer_config.json: auto_map points at org/name, as its code is not in the folder:"
                + " tok.py");
  }

  @Test
  void aTokenizerOfAKnownClassNeedsItsJsonOnly() throws IOException {
    Path folder = folder("plain", "\"x\": 1");
    Path file = folder.resolve("tokenizer_config.json");
    Files.writeString(
        file,
        "{\"tokenizer_class\": \"Qwen2TokenizerFast\", \"auto_map\": {\"AutoTokenizer\":"
            + " [\"tok.T\", null]}}");
    assertThat(CarriedFiles.of(folder, KNOWN).references().files()).isEmpty();
    Files.writeString(folder.resolve("tokenizer.json"), "{}");
    CarriedFiles carried = CarriedFiles.of(folder, NativeCode.NONE);
    assertThat(carried.references().in(file).has("auto_map")).isFalse();
    assertThat(carried.notes())
        .containsExactly(
            "tokenizer_config.json: auto_map is left out, and transformers reads"
                + " Qwen2TokenizerFast without it, as its code is not in the folder: tok.py");
    Files.writeString(
        file,
        "{\"tokenizer_class\": \"MyTokenizer\", \"auto_map\": {\"AutoTokenizer\": [\"tok.T\","
            + " null]}}");
    assertThat(CarriedFiles.of(folder, KNOWN).notes())
        .containsExactly(
            "auto_map names code that is not in the folder: tok.py; trust_remote_code needs it");
  }

  private static ObjectNode config(CarriedFiles carried, Path folder) throws IOException {
    return carried.references().in(folder.resolve("config.json"));
  }

  private ObjectNode config(String json) throws IOException {
    return JsonFiles.readObject(Files.writeString(parent.resolve("c.json"), json));
  }

  private Path folder(String name, String entries) throws IOException {
    Path folder = Files.createDirectories(parent.resolve(name));
    Files.writeString(folder.resolve("config.json"), "{\"kept\": 1, " + entries + "}");
    return folder;
  }
}
