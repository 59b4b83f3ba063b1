package dev.coppice.train.eval;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.google.common.collect.ImmutableList;
import com.google.common.io.MoreFiles;
import dev.coppice.moe.CoppiceException;
import dev.coppice.moe.ErrorKind;
import dev.coppice.moe.safetensors.JsonFault;
import dev.coppice.train.TrainJson;
import dev.coppice.train.data.text.TextFault;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;

/**
 * Multiple-choice questions of one kind.
 *
 * @param name of the task
 * @param questions in order, at least one
 */
public record ChoiceTask(String name, ImmutableList<ChoiceQuestion> questions) {

  /**
   * Reads a file of one JSON object a line: {@code {"context": "…", "choices": ["…", "…"],
   * "answer": 0}}. Other fields and blank lines are passed over.
   *
   * @param file UTF-8; the task has its name without the ending
   * @throws CoppiceException naming file and line, when a line is not such an object, and when
   *     there is none
   * @throws IOException when it cannot be read
   */
  public static ChoiceTask read(Path file) throws IOException {
    List<String> lines = lines(file);
    ImmutableList.Builder<ChoiceQuestion> questions = ImmutableList.builder();
    for (int i = 0; i < lines.size(); i++) {
      if (!lines.get(i).isBlank()) {
        questions.add(question(lines.get(i), file + ", line " + (i + 1)));
      }
    }
    ImmutableList<ChoiceQuestion> all = questions.build();
    if (all.isEmpty()) {
      throw bad("task must have a question, got none", file.toString());
    }
    return new ChoiceTask(MoreFiles.getNameWithoutExtension(file), all);
  }

  private static List<String> lines(Path file) throws IOException {
    if (!Files.isRegularFile(file)) {
      throw bad("task must be a file of JSON lines, got none", file.toString());
    }
    byte[] bytes = Files.readAllBytes(file);
    TextFault.of(bytes, 0, true)
        .ifPresent(
            fault -> {
              throw bad("task must be UTF-8, got " + fault.words(), file.toString());
            });
    String text = new String(bytes, StandardCharsets.UTF_8);
    return (text.startsWith("\uFEFF") ? text.substring(1) : text).lines().toList();
  }

  private static ChoiceQuestion question(String line, String where) {
    JsonNode json;
    try {
      json = TrainJson.mapper().readTree(line);
    } catch (JsonProcessingException e) {
      throw bad("question must be a JSON object, got " + JsonFault.of(e), where);
    }
    JsonNode context = json.path("context");
    JsonNode choices = json.path("choices");
    JsonNode answer = json.path("answer");
    require(context.isTextual(), "context must be a string", context, where);
    require(choices.isArray(), "choices must be a list", choices, where);
    require(answer.isInt(), "answer must be a whole number", answer, where);
    ImmutableList.Builder<String> texts = ImmutableList.builder();
    for (JsonNode choice : choices) {
      require(choice.isTextual(), "choice must be a string", choice, where);
      texts.add(choice.textValue());
    }
    try {
      return new ChoiceQuestion(context.textValue(), texts.build(), answer.intValue());
    } catch (IllegalArgumentException e) {
      throw bad(String.valueOf(e.getMessage()), where);
    }
  }

  private static void require(boolean holds, String rule, JsonNode found, String where) {
    if (!holds) {
      throw bad(rule + ", got " + (found.isMissingNode() ? "none" : found), where);
    }
  }

  private static CoppiceException bad(String message, String where) {
    return new CoppiceException(ErrorKind.INPUT_INVALID, message + " (" + where + ")");
  }
}
