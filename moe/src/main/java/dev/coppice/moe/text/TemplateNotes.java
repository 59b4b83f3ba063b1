package dev.coppice.moe.text;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.google.common.collect.ImmutableList;
import dev.coppice.moe.io.PlainJson;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;

/**
 * Where {@code add_bos_token} and {@code add_eos_token} of tokenizer_config.json disagree with the
 * template of tokenizer.json.
 *
 * <p>The template holds. <b>Source</b>: transformers 5 drops both keys where there is a
 * tokenizer.json. Transformers 4 rebuilt the template from them for Llama-like tokenizers, so that
 * such a checkpoint may have been trained on other ids.
 */
final class TemplateNotes {
  private static final String CONFIG = "tokenizer_config.json";

  private TemplateNotes() {}

  /**
   * The disagreements, a sentence each.
   *
   * @param folder of the tokenizer
   * @param tokenizer that its tokenizer.json describes
   */
  static ImmutableList<String> of(Path folder, JsonTokenizer tokenizer) throws IOException {
    Path file = folder.resolve(CONFIG);
    if (!Files.isRegularFile(file)) {
      return ImmutableList.of();
    }
    JsonNode config = read(file);
    ImmutableList.Builder<String> notes = ImmutableList.builder();
    boolean begins = tokenizer.prefix().length > 0;
    note(config, "add_bos_token", "before", begins).ifPresent(notes::add);
    note(config, "add_eos_token", "behind", tokenizer.endsTexts()).ifPresent(notes::add);
    return notes.build();
  }

  private static Optional<String> note(JsonNode config, String key, String where, boolean found) {
    JsonNode said = config.path(key);
    return said.isBoolean() && said.booleanValue() != found
        ? Optional.of(
            CONFIG
                + " has "
                + key
                + ": "
                + said
                + ", but the template of tokenizer.json puts "
                + (found ? "a token " : "no token ")
                + where
                + " a text; the template holds, as in transformers 5")
        : Optional.empty();
  }

  private static JsonNode read(Path file) throws IOException {
    try {
      return PlainJson.mapper().readTree(Files.readAllBytes(file));
    } catch (JsonProcessingException e) {
      return PlainJson.mapper().missingNode(); // says nothing of the template
    }
  }
}
