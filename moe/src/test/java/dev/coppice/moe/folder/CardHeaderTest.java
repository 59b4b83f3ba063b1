package dev.coppice.moe.folder;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;

/** What a card takes over from its source's. */
class CardHeaderTest {
  private static final Path CACHED = Path.of("hub/models--Qwen--Qwen3-30B-A3B/snapshots/f4f9bbd5");

  @Test
  void stringsStayAsTheyWereWritten() {
    String card =
        "---\r\nlanguage:\r\n- no\r\n- on\r\nlicense: 1.0\r\nlicense_name: 2024-01-01\r\n"
            + "pipeline_tag: image-text-to-text\r\nbase_model: x\r\ntags:\r\n- old\r\n---\r\n# Old";
    assertThat(CardHeader.of(Optional.of(card), CACHED).text(List.of("moe")))
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
    assertThat(CardHeader.of(Optional.of("\n\n---\nlanguage: no\n---\n"), CACHED).text(List.of()))
        .contains("\nlanguage: no\n");
  }

  @Test
  void aKeyThatTakesItsValueFromAnotherIsLeftOut() {
    String card =
        "---\ntags: &t [en]\nlanguage: *t\nlicense_link: https://a/*b\nlicense: mit\n---\n";
    assertThat(CardHeader.of(Optional.of(card), CACHED).text(List.of()))
        .contains("license: mit\n", "license_link: https://a/*b\n")
        .doesNotContain("language");
  }

  @Test
  void aFolderThatIsNoneOfTheHubIsNoBaseModel() {
    assertThat(CardHeader.of(Optional.empty(), Path.of("models/Qwen3")).text(List.of("moe")))
        .isEqualTo(
            "---\nlibrary_name: transformers\npipeline_tag: text-generation\ntags:\n- moe\n---\n");
    assertThat(CardHeader.of(Optional.empty(), CACHED).withoutBase().text(List.of()))
        .doesNotContain("base_model");
    assertThat(CardHeader.hubId(Path.of("models--gpt2/snapshots/a"))).contains("gpt2");
    assertThat(CardHeader.hubId(Path.of("models--a--b--c/snapshots/a"))).contains("a/b--c");
    assertThat(CardHeader.hubId(Path.of("models--a--b/refs/a"))).isEmpty();
  }

  @Test
  void whatIsNoFrontMatterIsNotTakenOver() {
    for (String card :
        List.of("", "# Card", "---\nlicense: mit\n# no end", "text\n---\nlicense: x\n---")) {
      assertThat(CardHeader.of(Optional.of(card), CACHED).text(List.of()))
          .doesNotContain("license");
    }
  }
}
