package dev.coppice.train.cli;

import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.coppice.moe.ExitCode;
import dev.coppice.moe.checkpoint.Checkpoint;
import dev.coppice.moe.cli.OutputOptions;
import dev.coppice.moe.cli.ProgressLine;
import dev.coppice.moe.model.LanguageModel;
import dev.coppice.moe.text.ByteTokenizer;
import dev.coppice.train.Folders;
import dev.coppice.train.TrainJson;
import dev.coppice.train.data.CorpusBuilder;
import dev.coppice.train.data.TokenFile;
import dev.coppice.train.run.EvalReport;
import dev.coppice.train.run.EvalSpec;
import dev.coppice.train.run.Evaluator;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** {@code coppice eval}. */
@Command(
    name = "eval",
    description = {
      "Judges a checkpoint by text: loss, bits a byte, next-byte accuracy, "
          + "and a 95 %% bootstrap interval of the loss.",
      ""
    })
final class EvalCommand implements Callable<Integer> {
  @Parameters(paramLabel = "CKPT", description = "Checkpoint folder.")
  private Path checkpoint;

  @Option(
      names = "--data",
      paramLabel = "PATH",
      arity = "1..*",
      required = true,
      description = "Text: folders, files, and jars or zips, read as folders; or one token file.")
  private List<Path> data;

  @Option(
      names = "--batch",
      paramLabel = "B",
      defaultValue = "8",
      description = "Windows at once (default: ${DEFAULT-VALUE}).")
  private int batch;

  @Option(
      names = "--sequence",
      paramLabel = "S",
      defaultValue = "256",
      description = "Tokens a window (default: ${DEFAULT-VALUE}).")
  private int sequence;

  @Option(
      names = "--windows",
      paramLabel = "N",
      description = "Judge by the first N windows (default: all).")
  private Optional<Long> windows;

  @Option(
      names = "--seed",
      paramLabel = "S",
      defaultValue = "0",
      description = "Seed of the bootstrap (default: ${DEFAULT-VALUE}).")
  private long seed;

  @Option(
      names = "--precision",
      paramLabel = "P",
      defaultValue = "float32",
      description = "float32 or bf16 (default: ${DEFAULT-VALUE}).")
  private PrecisionName precision;

  @Mixin private OutputOptions output;

  @Spec private CommandSpec command;

  @Override
  public Integer call() throws IOException {
    EvalSpec spec = new EvalSpec(batch, sequence, windows.orElse(Long.MAX_VALUE), 1000, seed);
    EvalReport report = judge(spec);
    ObjectNode json = TrainJson.mapper().valueToTree(report);
    output.print(command.commandLine().getOut(), json, text(report));
    return ExitCode.OK.number();
  }

  private EvalReport judge(EvalSpec spec) throws IOException {
    Optional<TokenFile> ready = TextData.ready(data);
    if (ready.isPresent()) {
      return judge(ready.get(), spec);
    }
    Path scratch = Files.createTempDirectory("coppice-eval-");
    try (TokenFile made =
        CorpusBuilder.tokenize(data, new ByteTokenizer(), scratch.resolve("text.tokens"))) {
      return judge(made, spec);
    } finally {
      Folders.delete(scratch);
    }
  }

  private EvalReport judge(TokenFile text, EvalSpec spec) throws IOException {
    try (Checkpoint opened = Checkpoint.open(checkpoint);
        LanguageModel model = LanguageModel.open(opened, precision.precision());
        ProgressLine line = ProgressLine.start("eval", 1, output.quiet())) {
      return Evaluator.score(model, text, spec, share -> line.update(share, "")).report();
    }
  }

  private static String text(EvalReport report) {
    return String.format(
        Locale.ROOT,
        """
        loss           %.4f nats a token, 95 %% interval %.4f to %.4f (%d %s)
        bits per byte  %.4f
        accuracy       %.2f %%, 95 %% interval %.2f to %.2f
        tokens         %d in %d windows""",
        report.loss(),
        report.intervalLow(),
        report.intervalHigh(),
        report.units(),
        report.resampled(),
        report.bitsPerByte(),
        100 * report.accuracy(),
        100 * report.accuracyLow(),
        100 * report.accuracyHigh(),
        report.tokens(),
        report.windows());
  }
}
