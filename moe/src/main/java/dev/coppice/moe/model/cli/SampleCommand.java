package dev.coppice.moe.model.cli;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import com.google.common.base.Stopwatch;
import com.google.common.collect.ImmutableSet;
import dev.coppice.moe.CoppiceException;
import dev.coppice.moe.ErrorKind;
import dev.coppice.moe.checkpoint.Checkpoint;
import dev.coppice.moe.cli.ExitCode;
import dev.coppice.moe.cli.OutputOptions;
import dev.coppice.moe.io.PlainJson;
import dev.coppice.moe.model.LanguageModel;
import dev.coppice.moe.model.Precision;
import dev.coppice.moe.safetensors.JsonFault;
import dev.coppice.moe.text.Sampling;
import dev.coppice.moe.text.TextGenerator;
import dev.coppice.moe.text.TextStream;
import dev.coppice.moe.text.Tokenizer;
import dev.coppice.moe.text.Tokenizers;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Locale;
import java.util.concurrent.Callable;
import java.util.concurrent.TimeUnit;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** {@code coppice sample}: continues a text by a model. */
@Command(
    name = "sample",
    description =
        "Generates text after a prompt, token by token. The text depends on the seed" + " only.")
final class SampleCommand implements Callable<Integer> {
  @Spec private CommandSpec command;
  @Mixin private OutputOptions output;

  @Parameters(paramLabel = "CKPT", description = "Checkpoint folder.")
  private Path checkpoint;

  @Option(
      names = "--prompt",
      required = true,
      paramLabel = "TEXT",
      description =
          "Start of the text. It may be empty if the tokenizer begins each text with a"
              + " token of its own.")
  private String prompt;

  @Option(
      names = "--max-new-tokens",
      paramLabel = "N",
      defaultValue = "128",
      description = "Maximum number of new tokens (default: ${DEFAULT-VALUE}).")
  private int maxNewTokens;

  @Option(
      names = "--temperature",
      paramLabel = "T",
      defaultValue = "0",
      description = "Temperature of random draws; 0 always takes the most likely token (default).")
  private double temperature;

  @Option(
      names = "--top-k",
      paramLabel = "K",
      defaultValue = "0",
      description = "Number of most likely tokens to draw from; 0 for all (default).")
  private int topK;

  @Option(
      names = "--top-p",
      paramLabel = "P",
      defaultValue = "1",
      description = "Total probability of the most likely tokens to draw from (default: 1).")
  private double topP;

  @Option(
      names = "--seed",
      paramLabel = "S",
      defaultValue = "0",
      description = "Seed of the draws (default: ${DEFAULT-VALUE}).")
  private long seed;

  @Option(
      names = "--precision",
      paramLabel = "P",
      defaultValue = "FLOAT32",
      description = "Precision: ${COMPLETION-CANDIDATES} (default: ${DEFAULT-VALUE}).")
  private Precision precision;

  @Override
  public Integer call() throws IOException {
    try (Checkpoint opened = Checkpoint.open(checkpoint);
        Tokenizer tokenizer = Tokenizers.of(checkpoint, opened.spec().vocabularySize())) {
      Sampling sampling = sampling(opened);
      int[] ids = tokenizer.encode(prompt);
      if (ids.length == 0) {
        throw new CoppiceException(
            ErrorKind.REQUEST_INVALID,
            "prompt must hold a token, got none, and the tokenizer puts none before it");
      }
      try (LanguageModel model = LanguageModel.open(opened, precision)) {
        go(model, tokenizer, sampling, ids);
      }
    }
    return ExitCode.OK.number();
  }

  private void go(LanguageModel model, Tokenizer tokenizer, Sampling sampling, int[] ids) {
    if (ids.length > model.spec().maxPositions()) {
      throw new CoppiceException(
          ErrorKind.REQUEST_INVALID,
          "prompt must be at most the model's "
              + model.spec().maxPositions()
              + " positions, got "
              + ids.length
              + " tokens");
    }
    Stopwatch watch = Stopwatch.createStarted();
    TextStream stream = new TextStream(tokenizer, ids);
    write(prompt);
    TextGenerator.Result made =
        new TextGenerator(model, sampling).generate(ids, id -> write(stream.add(id)));
    double seconds = watch.elapsed(TimeUnit.NANOSECONDS) * 1e-9;
    String text = tokenizer.decodeAfter(ids, made.ids().toArray());
    write(stream.end() + System.lineSeparator());
    ObjectNode json =
        PlainJson.mapper()
            .createObjectNode()
            .put("prompt", prompt)
            .put("text", text)
            .put("prompt_tokens", ids.length)
            .put("new_tokens", made.ids().length())
            .put("stopped", made.stopped() ? "end" : "length")
            .put("seconds", seconds);
    made.ids().forEach(json.putArray("ids")::add);
    if (output.json()) {
      output.print(command.commandLine().getOut(), json, "");
    }
    if (!output.quiet()) {
      command
          .commandLine()
          .getErr()
          .println(
              String.format(
                  Locale.ROOT,
                  "%d tokens after %d in %.2f s",
                  made.ids().length(),
                  ids.length,
                  seconds));
    }
  }

  /** Shows text as it is generated, except with JSON output. */
  private void write(String text) {
    if (!output.json()) {
      command.commandLine().getOut().print(text);
      command.commandLine().getOut().flush();
    }
  }

  private Sampling sampling(Checkpoint opened) throws IOException {
    try {
      return new Sampling(temperature, topK, topP, seed, maxNewTokens, stops(opened));
    } catch (IllegalArgumentException e) {
      throw new CoppiceException(ErrorKind.REQUEST_INVALID, String.valueOf(e.getMessage()), e);
    }
  }

  /** The end-of-text ids of generation_config.json, else of config.json. */
  private static ImmutableSet<Integer> stops(Checkpoint opened) throws IOException {
    Path file = opened.folder().resolve("generation_config.json");
    JsonNode end = opened.config().path("eos_token_id");
    if (Files.isRegularFile(file)) {
      JsonNode own = read(file).path("eos_token_id");
      end = own.isMissingNode() ? end : own;
    }
    ImmutableSet.Builder<Integer> stops = ImmutableSet.builder();
    if (end.isInt()) {
      stops.add(end.asInt());
    }
    end.elements()
        .forEachRemaining(
            id -> {
              if (id.isInt()) {
                stops.add(id.asInt());
              }
            });
    return stops.build();
  }

  private static JsonNode read(Path file) throws IOException {
    try {
      return PlainJson.python().readTree(file.toFile());
    } catch (JsonProcessingException e) {
      throw new CoppiceException(
          ErrorKind.INPUT_INVALID,
          "file must be JSON, got " + JsonFault.of(e) + " (" + file + ")",
          e);
    }
  }
}
