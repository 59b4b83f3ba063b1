package dev.coppice.train.data.reading;

import com.fasterxml.jackson.databind.JsonNode;
import com.google.common.collect.ImmutableList;
import dev.coppice.moe.CoppiceException;
import dev.coppice.moe.ErrorKind;
import dev.coppice.moe.text.Tokenizer;
import dev.coppice.train.TrainJson;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.OptionalInt;

/** The tokens that a checkpoint's files name as the end of a text. */
final class EndCandidates {
  private static final String KEY = "eos_token_id";
  private static final String TOKENIZER = "tokenizer_config.json";

  private final Path checkpoint;
  private final Tokenizer tokenizer;
  private final ImmutableList.Builder<Candidate> found = ImmutableList.builder();

  private EndCandidates(Path checkpoint, Tokenizer tokenizer) {
    this.checkpoint = checkpoint;
    this.tokenizer = tokenizer;
  }

  /**
   * A token that a file names.
   *
   * @param id of it
   * @param file that names it
   */
  record Candidate(int id, String file) {}

  /**
   * All that are named: by config.json, by generation_config.json, by tokenizer_config.json, each
   * in its order. {@code null}, a missing key and an empty list name none.
   *
   * @throws CoppiceException naming file, key and range, when a value is no id of the model
   */
  static ImmutableList<Candidate> of(Path checkpoint, Tokenizer tokenizer) throws IOException {
    EndCandidates candidates = new EndCandidates(checkpoint, tokenizer);
    JsonNode config = candidates.read("config.json");
    int vocabulary = Math.max(tokenizer.vocabularySize(), config.path("vocab_size").asInt(0));
    candidates.ids(
        config.has(KEY) ? config : config.path("text_config"), "config.json", vocabulary);
    candidates.ids(candidates.read("generation_config.json"), "generation_config.json", vocabulary);
    candidates.text(candidates.read(TOKENIZER).path("eos_token"));
    return candidates.found.build();
  }

  private JsonNode read(String name) throws IOException {
    Path file = checkpoint.resolve(name);
    return Files.isRegularFile(file)
        ? TrainJson.read(file, JsonNode.class)
        : TrainJson.mapper().createObjectNode();
  }

  private void ids(JsonNode config, String file, int vocabulary) {
    JsonNode named = config.path(KEY);
    if (named.isArray()) {
      named.forEach(id -> id(id, file, vocabulary));
    } else {
      id(named, file, vocabulary);
    }
  }

  private void id(JsonNode id, String file, int vocabulary) {
    if (id.isMissingNode() || id.isNull()) {
      return;
    }
    if (!id.canConvertToInt()
        || !id.isIntegralNumber()
        || id.asInt() < 0
        || id.asInt() >= vocabulary) {
      throw new CoppiceException(
          ErrorKind.INPUT_INVALID,
          KEY
              + " must be ids in 0.."
              + (vocabulary - 1)
              + ", got "
              + id
              + " ("
              + checkpoint.resolve(file)
              + "; --document-end names another token, or none)");
    }
    found.add(new Candidate(id.asInt(), file));
  }

  private void text(JsonNode token) {
    String text = token.isObject() ? token.path("content").asText("") : token.asText("");
    if (token.isTextual() || token.isObject()) {
      OptionalInt id = tokenizer.idOf(text);
      if (id.isPresent() && id.getAsInt() < tokenizer.vocabularySize()) {
        found.add(new Candidate(id.getAsInt(), TOKENIZER));
      }
    }
  }
}
