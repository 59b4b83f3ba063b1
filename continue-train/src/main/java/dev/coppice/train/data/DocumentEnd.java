package dev.coppice.train.data;

import com.fasterxml.jackson.databind.JsonNode;
import dev.coppice.moe.CoppiceException;
import dev.coppice.moe.ExitCode;
import dev.coppice.moe.text.Tokenizer;
import dev.coppice.train.TrainJson;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;

/**
 * Which token ends a document.
 *
 * @param text what is put behind each document of text, if anything
 * @param tokens what parts documents in files of tokens that do not say where they are, if anything
 */
public record DocumentEnd(OptionalInt text, OptionalInt tokens) {
  /** Nothing ends documents. */
  public static final DocumentEnd NONE = new DocumentEnd(OptionalInt.empty(), OptionalInt.empty());

  private static final List<String> FILES = List.of("config.json", "generation_config.json");

  /**
   * Reads {@code auto}, {@code none} or an id. Auto is the checkpoint's {@code eos_token_id}, the
   * first of several; nothing is put behind text that is read as bytes.
   *
   * @param option to read
   * @param checkpoint folder
   * @param tokenizer of the checkpoint
   * @throws CoppiceException when it is none of these, or no id of the tokenizer
   */
  public static DocumentEnd of(String option, Path checkpoint, Tokenizer tokenizer)
      throws IOException {
    return switch (option) {
      case "none" -> NONE;
      case "auto" -> {
        OptionalInt end = named(checkpoint);
        yield new DocumentEnd(tokenizer.name().equals("byte") ? OptionalInt.empty() : end, end);
      }
      default -> {
        OptionalInt end = OptionalInt.of(id(option, tokenizer.vocabularySize()));
        yield new DocumentEnd(end, end);
      }
    };
  }

  /** The token that ends documents, and where it was found. */
  public Optional<EndToken> token() {
    OptionalInt id = text.isPresent() ? text : tokens;
    return id.isPresent()
        ? Optional.of(new EndToken(id.getAsInt(), null, "the checkpoint or an option"))
        : Optional.empty();
  }

  private static int id(String option, int vocabulary) {
    try {
      int id = Integer.parseInt(option);
      if (id >= 0 && id < vocabulary) {
        return id;
      }
    } catch (NumberFormatException e) {
      // said below
    }
    throw new CoppiceException(
        ExitCode.USAGE,
        "document end must be auto, none or an id in 0.." + (vocabulary - 1) + ", got " + option);
  }

  private static OptionalInt named(Path checkpoint) throws IOException {
    for (String name : FILES) {
      Path file = checkpoint.resolve(name);
      if (Files.isRegularFile(file)) {
        Optional<JsonNode> id = Optional.ofNullable(TrainJson.read(file, JsonNode.class));
        JsonNode end = id.orElseThrow().path("eos_token_id");
        JsonNode first = end.isArray() ? end.path(0) : end;
        if (first.isIntegralNumber()) {
          return OptionalInt.of(first.asInt());
        }
      }
    }
    return OptionalInt.empty();
  }
}
