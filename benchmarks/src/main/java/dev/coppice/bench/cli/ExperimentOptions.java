package dev.coppice.bench.cli;

import com.fasterxml.jackson.databind.JsonNode;
import com.google.common.collect.ImmutableList;
import dev.coppice.bench.experiment.ExperimentReport;
import dev.coppice.bench.experiment.ExperimentRequest;
import dev.coppice.bench.experiment.ExperimentResults;
import dev.coppice.bench.experiment.ExperimentSpec;
import dev.coppice.bench.experiment.GrowVersusScratch;
import dev.coppice.moe.CoppiceException;
import dev.coppice.moe.ErrorKind;
import dev.coppice.moe.cli.ExitCode;
import dev.coppice.moe.cli.OutputOptions;
import dev.coppice.train.TrainJson;
import dev.coppice.train.budget.Budget;
import java.io.IOException;
import java.io.PrintWriter;
import java.math.BigInteger;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** Options of every run of the experiment. */
final class ExperimentOptions {
  @Option(
      names = "--minutes",
      paramLabel = "M",
      defaultValue = "6",
      description = "Running time in minutes (default: ${DEFAULT-VALUE}).")
  private double minutes;

  @Option(
      names = "--out",
      paramLabel = "DIR",
      defaultValue = "coppice-demo",
      description = "Output folder; must not exist (default: ${DEFAULT-VALUE}).")
  private Path out;

  @Option(
      names = "--corpus",
      paramLabel = "PATH",
      arity = "1..*",
      description =
          "Training text: folders, files, jars or zips (default: the sources of"
              + " Coppice's own dependencies).")
  private List<Path> corpus = List.of();

  @Option(
      names = "--base-budget",
      paramLabel = "FLOPS",
      description = "FLOPs of the base, instead of its share of the time.")
  private Optional<String> baseBudget;

  @Option(
      names = "--extra-budget",
      paramLabel = "FLOPS",
      description = "Extra FLOPs of each arm, instead of its share of the time.")
  private Optional<String> extraBudget;

  @Option(
      names = "--document-mask",
      negatable = true,
      description =
          "Tokens attend to their own document only, in training and evaluation"
              + " (default: the recipe's setting).")
  private Optional<Boolean> documentMask;

  @Mixin private OutputOptions output;

  ExperimentOptions() {}

  /** Runs the experiment and prints its table, or its JSON. */
  int run(ExperimentSpec recipe, PrintWriter stdout) throws IOException {
    ExperimentSpec spec = documentMask.map(recipe::withDocumentMask).orElse(recipe);
    ImmutableList<Path> texts =
        corpus.isEmpty() ? ImmutableList.of(builtInCorpus()) : ImmutableList.copyOf(corpus);
    ExperimentRequest.Limit limit =
        new ExperimentRequest.Limit(60 * minutes, flops(baseBudget), flops(extraBudget));
    ExperimentResults results =
        GrowVersusScratch.run(new ExperimentRequest(spec, texts, out, limit, output.quiet()));
    JsonNode json = TrainJson.mapper().valueToTree(results);
    output.print(stdout, json, ExperimentReport.text(results, out));
    return ExitCode.OK.number();
  }

  private static Optional<BigInteger> flops(Optional<String> text) {
    return text.map(amount -> Budget.parseFlops(amount).amount());
  }

  /** Where the launcher has put the text that comes with Coppice. */
  private static Path builtInCorpus() {
    String folder = System.getProperty("coppice.corpus", "");
    if (folder.isEmpty() || !Files.isDirectory(Path.of(folder))) {
      throw new CoppiceException(
          ErrorKind.REQUEST_INVALID,
          "--corpus must be given where the launcher brings no text, got none at '" + folder + "'");
    }
    return Path.of(folder);
  }
}
