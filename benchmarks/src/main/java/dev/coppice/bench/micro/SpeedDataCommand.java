package dev.coppice.bench.micro;

import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.coppice.moe.checkpoint.Checkpoint;
import dev.coppice.moe.cli.ExitCode;
import dev.coppice.moe.cli.OutputOptions;
import dev.coppice.moe.text.ByteTokenizer;
import dev.coppice.moe.text.Tokenizer;
import dev.coppice.moe.text.Tokenizers;
import java.io.IOException;
import java.nio.file.Path;
import java.util.Optional;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** {@code coppice bench speed data}. */
@Command(
    name = "data",
    description = "Measures the tokenising of a text, and the drawing of batches from its tokens.")
public final class SpeedDataCommand implements Callable<Integer> {
  @Parameters(index = "0", paramLabel = "PATH", description = "Folder, file or archive of text.")
  private Path text;

  @Option(
      names = "--tokenizer",
      paramLabel = "CKPT",
      description = "Checkpoint whose tokenizer.json reads the text (default: bytes).")
  private Optional<Path> checkpoint;

  @Option(
      names = "--tokens-per-second",
      paramLabel = "N",
      defaultValue = "4000",
      description = "Training speed that batches are compared with (default: ${DEFAULT-VALUE}).")
  private double tokensPerSecond;

  @Option(
      names = "--batches",
      paramLabel = "N",
      defaultValue = "2000",
      description = "Number of drawn batches of 8 x 256 tokens (default: ${DEFAULT-VALUE}).")
  private int batches;

  @Option(
      names = "--work",
      paramLabel = "DIR",
      defaultValue = "${sys:java.io.tmpdir}",
      description =
          "Folder for the tokens, which are deleted at the end (default: ${DEFAULT-VALUE}).")
  private Path work;

  @Mixin private OutputOptions output;

  @Spec private CommandSpec spec;

  /** Made by picocli. */
  public SpeedDataCommand() {}

  @Override
  public Integer call() throws IOException {
    try (Tokenizer tokenizer = tokenizer()) {
      SpeedData.Result result = SpeedData.measure(text, tokenizer, work, batches);
      ObjectNode json =
          JsonNodeFactory.instance
              .objectNode()
              .put("tokenizer", tokenizer.name())
              .put("text_bytes", result.textBytes())
              .put("tokens", result.tokens())
              .put("find_seconds", result.findSeconds())
              .put("tokenize_seconds", result.tokenizeSeconds())
              .put("tokenize_bytes_per_second", result.tokenizeBytesPerSecond())
              .put("hash_bytes_per_second", result.hashBytesPerSecond())
              .put("batch_tokens_per_second", result.batchTokensPerSecond())
              .put("step_share", result.stepShare(tokensPerSecond))
              .put("threads", result.threads());
      output.print(spec.commandLine().getOut(), json, result.text(tokensPerSecond));
      return ExitCode.OK.number();
    }
  }

  private Tokenizer tokenizer() throws IOException {
    if (checkpoint.isEmpty()) {
      return new ByteTokenizer();
    }
    try (Checkpoint opened = Checkpoint.open(checkpoint.get())) {
      return Tokenizers.of(checkpoint.get(), opened.spec().vocabularySize());
    }
  }
}
