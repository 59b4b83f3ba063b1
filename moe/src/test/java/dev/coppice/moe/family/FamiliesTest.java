package dev.coppice.moe.family;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.coppice.moe.CoppiceException;
import dev.coppice.moe.anatomy.FamilyTraits;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** The family files, and those of users. */
class FamiliesTest {
  @TempDir Path folder;

  private static ObjectNode config(String json) throws IOException {
    return (ObjectNode) new ObjectMapper().readTree(json.replace('\'', '"'));
  }

  @Test
  void everyFileSaysWhatGrowthMustKnow() {
    assertThat(Families.builtIn().modelTypes()).hasSizeGreaterThan(40);
    for (String type : Families.builtIn().modelTypes()) {
      FamilyTraits traits = Families.builtIn().named(type).traits();
      assertThat(traits.layers()).as(type).isNotEmpty();
      assertThat(traits.hidden()).as(type).isNotEmpty();
      assertThat(traits.experts()).as(type).isNotEmpty();
      assertThat(traits.topK()).as(type).isNotEmpty();
      assertThat(traits.containers()).as(type).allMatch(name -> name.contains("{layer}"));
      assertThat(traits.parts()).as(type).isNotEmpty();
      assertThat(traits.block()).as(type).isNotEmpty();
      assertThat(traits.zero()).as(type).isNotEmpty();
      assertThat(traits.embedding()).as(type).isNotEmpty();
      assertThat(traits.router().scoring().values()).as(type).isNotEmpty();
    }
  }

  @Test
  void findsTheFamilyOfANestedLanguageModel() throws IOException {
    String nested = "{'model_type': 'some_vl', 'text_config': {'model_type': 'qwen3_moe'}}";
    assertThat(Family.of(config(nested)).name()).isEqualTo("qwen3_moe");
  }

  @Test
  void aUsersFileDescribesAFamilyOfItsOwn() throws IOException {
    Path file = folder.resolve("mine.json");
    String builtIn =
        new String(
            Families.class.getResourceAsStream("mixtral.json").readAllBytes(),
            java.nio.charset.StandardCharsets.UTF_8);
    Files.writeString(
        file,
        new ObjectMapper()
            .readTree(builtIn)
            .<ObjectNode>require()
            .put("name", "mine")
            .set("modelTypes", new ObjectMapper().createArrayNode().add("mine_moe"))
            .toString());
    Families families = Families.builtIn().with(file);
    assertThat(families.of(config("{'model_type': 'mine_moe'}")).name()).isEqualTo("mine");
    assertThat(families.of(config("{'model_type': 'mixtral'}")).name()).isEqualTo("mixtral");
    assertThat(families.modelTypes()).contains("mine_moe", "mixtral");
  }

  @Test
  void aMistakeInAUsersFileIsNamed() throws IOException {
    Path file = folder.resolve("mine.json");
    Files.writeString(file, "{\"name\": \"mine\", \"modelTypes\": [\"m\"], \"grow\": {}}");
    assertThatThrownBy(() -> Families.builtIn().with(file))
        .isInstanceOf(CoppiceException.class)
        .hasMessageContaining("growth")
        .hasMessageContaining("mine.json");
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "layers",
        "hidden",
        "experts",
        "topK",
        "containers",
        "parts",
        "embedding",
        "router"
      })
  void aUsersFileWithoutWhatGrowthNeedsIsRefusedByThatName(String key) throws IOException {
    ObjectNode family =
        (ObjectNode)
            new ObjectMapper().readTree(Families.class.getResourceAsStream("mixtral.json"));
    ((ObjectNode) family.get("growth")).remove(key);
    Path file = folder.resolve("mine.json");
    Files.writeString(file, family.toString());
    assertThatThrownBy(() -> Families.builtIn().with(file))
        .isInstanceOf(CoppiceException.class)
        .hasMessageMatching(
            "family file must give .+ under growth\\." + key + ", got none \\(.*mine\\.json\\)");
  }

  @Test
  void hunyuanGoesByItsOwnNameToo() throws IOException {
    assertThat(Family.of(config("{'model_type': 'hunyuan'}")).name()).isEqualTo("hunyuan_v1_moe");
  }
}
