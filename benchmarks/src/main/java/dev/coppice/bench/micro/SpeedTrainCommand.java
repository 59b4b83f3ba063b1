package dev.coppice.bench.micro;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.coppice.moe.cli.ExitCode;
import dev.coppice.moe.cli.OutputOptions;
import dev.coppice.moe.io.PlainJson;
import dev.coppice.moe.model.Precision;
import java.util.Locale;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** {@code coppice bench speed train}. */
@Command(name = "train", description = "Measures training steps of a 13.8M-parameter model.")
public final class SpeedTrainCommand implements Callable<Integer> {
  @Spec private CommandSpec command;
  @Mixin private OutputOptions output;

  @Option(
      names = "--steps",
      defaultValue = "15",
      description = "Number of timed steps (default: ${DEFAULT-VALUE}).")
  private int steps;

  @Option(
      names = "--warm-up",
      defaultValue = "3",
      description = "Number of steps before the timed ones (default: ${DEFAULT-VALUE}).")
  private int warmUp;

  @Option(
      names = "--precision",
      defaultValue = "FLOAT32",
      description = "Precision: ${COMPLETION-CANDIDATES} (default: ${DEFAULT-VALUE}).")
  private Precision precision;

  @Option(
      names = "--scaling",
      description =
          "Also measures 2, 4 and 8 times the layers, experts and sequence length, and 2"
              + " and 4 times the width. Shows the speed expected from the operations a token"
              + " beside each. Takes about ten minutes and 5 GB.")
  private boolean scaling;

  /** Made by picocli. */
  public SpeedTrainCommand() {}

  @Override
  public Integer call() {
    SpeedTrain.Result result = SpeedTrain.run(precision, warmUp, steps);
    ObjectNode json =
        PlainJson.mapper()
            .createObjectNode()
            .put("tokens_per_second", result.tokensPerSecond())
            .put("gflops", result.gflops())
            .put("matmul_gflops", result.matmulGflops())
            .put("engine_matmul_gflops", result.engineGflops())
            .put("threads", result.threads())
            .put("precision", result.precision().name().toLowerCase(Locale.ROOT))
            .put("peak_bytes", result.peakBytes());
    StringBuilder text = new StringBuilder(result.text());
    if (scaling) {
      ArrayNode rows = json.putArray("scaling");
      for (SpeedTrain.Scaled row : SpeedTrain.scaling(precision, warmUp, steps, this::log)) {
        rows.addObject()
            .put("what", row.what())
            .put("tokens_per_second", row.tokensPerSecond())
            .put("gflops", row.gflops())
            .put("expected", row.expected());
        text.append(System.lineSeparator()).append(row.text());
      }
    }
    output.print(command.commandLine().getOut(), json, text.toString());
    return ExitCode.OK.number();
  }

  private void log(SpeedTrain.Scaled row) {
    if (!output.quiet()) {
      command.commandLine().getErr().println(row.text());
      command.commandLine().getErr().flush();
    }
  }
}
