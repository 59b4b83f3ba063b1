package dev.coppice.moe.testing;

import com.google.common.collect.ImmutableList;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;

/** The golden checkpoints, for tests of any module. */
public final class Goldens {
  private static final ImmutableList<String> FILES =
      ImmutableList.of("config.json", "model.safetensors");

  private Goldens() {}

  /** All golden folders, by name. */
  public static ImmutableList<String> names() {
    return ImmutableList.of(
        "deepseek_v2_groups",
        "deepseek_v2_lite",
        "deepseek_v3",
        "deepseek_v3_groups",
        "glm4_moe",
        "glm4_moe_groups",
        "gpt_oss",
        "gpt_oss_default",
        "granitemoe",
        "granitemoe_llama3",
        "mixtral",
        "mixtral_tied",
        "olmoe_linear",
        "olmoe_llama3",
        "qwen2_moe_dynamic",
        "qwen2_moe_window",
        "qwen3_moe_dense_layer",
        "qwen3_moe_renormalized");
  }

  /** One golden folder of each family, by name. */
  public static ImmutableList<String> families() {
    return ImmutableList.of(
        "deepseek_v2_groups",
        "deepseek_v3_groups",
        "glm4_moe_groups",
        "gpt_oss",
        "granitemoe_llama3",
        "mixtral",
        "olmoe_llama3",
        "qwen2_moe_window",
        "qwen3_moe_dense_layer");
  }

  /** Copies a golden checkpoint, which may lie in a jar, into a new folder. */
  public static void copy(String name, Path folder) throws IOException {
    Files.createDirectory(folder);
    for (String file : FILES) {
      try (InputStream from = Goldens.class.getResourceAsStream("/golden/" + name + "/" + file)) {
        if (from == null) {
          throw new IllegalArgumentException("golden folder must have " + file + ": " + name);
        }
        Files.copy(from, folder.resolve(file));
      }
    }
  }
}
