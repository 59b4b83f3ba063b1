package dev.coppice.moe.folder;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What a card takes over from its source's. */
class ModelCardTest {
  private static final Path CACHED = Path.of("hub/models--Qwen--Qwen3-30B-A3B/snapshots/f4f9bbd5");

  @Test
  void stringsStayAsTheyWereWritten() {
    String card =
        "---\r\nlanguage:\r\n- no\r\n- on\r\nlicense: 1.0\r\nlicense_name: 2024-01-01\r\n"
            + "pipeline_tag: image-text-to-text\r\nbase_model: x\r\ntags:\r\n- old\r\n---\r\n# Old";
    assertThat(ModelCard.inheriting(Optional.of(card), CACHED).header(List.of("moe")))
        .isEqualTo(
            """
            ---
            language:
            - no
            - on
            license: 1.0
            license_name: 2024-01-01
            pipeline_tag: image-text-to-text
            base_model: Qwen/Qwen3-30B-A3B
            library_name: transformers
            tags:
            - moe
            ---
            """);
  }

  @Test
  void blankLinesMayStandBeforeTheFrontMatter() {
    assertThat(
            ModelCard.inheriting(Optional.of("\n\n---\nlanguage: no\n---\n"), CACHED)
                .header(List.of()))
        .contains("\nlanguage: no\n");
  }

  @Test
  void aKeyThatTakesItsValueFromAnotherIsLeftOut() {
    String card =
        "---\ntags: &t [en]\nlanguage: *t\nlicense_link: https://a/*b\nlicense: mit\n---\n";
    assertThat(ModelCard.inheriting(Optional.of(card), CACHED).header(List.of()))
        .contains("license: mit\n", "license_link: https://a/*b\n")
        .doesNotContain("language");
  }

  @Test
  void aFolderThatIsNoneOfTheHubIsNoBaseModel() {
    assertThat(
            ModelCard.inheriting(Optional.empty(), Path.of("models/Qwen3")).header(List.of("moe")))
        .isEqualTo(
            "---\nlibrary_name: transformers\npipeline_tag: text-generation\ntags:\n- moe\n---\n");
    assertThat(ModelCard.inheriting(Optional.empty(), CACHED).withoutBase().header(List.of()))
        .doesNotContain("base_model");
    assertThat(ModelCard.hubId(Path.of("models--gpt2/snapshots/a"))).contains("gpt2");
    assertThat(ModelCard.hubId(Path.of("models--a--b--c/snapshots/a"))).contains("a/b--c");
    assertThat(ModelCard.hubId(Path.of("models--a--b/refs/a"))).isEmpty();
  }

  @Test
  void whatIsNoFrontMatterIsNotTakenOver() {
    for (String card :
        List.of("", "# Card", "---\nlicense: mit\n# no end", "text\n---\nlicense: x\n---")) {
      assertThat(ModelCard.inheriting(Optional.of(card), CACHED).header(List.of()))
          .doesNotContain("license");
    }
  }

  @Test
  void aCardThatIsNotUtf8IsReadAsNone(@TempDir Path folder) throws IOException {
    Path card = folder.resolve("README.md");
    byte[] latin = "---\nlicense: mit\n---\nd\u00e9j\u00e0".getBytes(StandardCharsets.ISO_8859_1);
    Files.write(card, latin);

    assertThat(ModelCard.of(Optional.of(card), CACHED).text(List.of("moe"), "# Body\n"))
        .contains("base_model: Qwen/")
        .doesNotContain("license")
        .endsWith("---\n\n# Body\n");
  }
}
