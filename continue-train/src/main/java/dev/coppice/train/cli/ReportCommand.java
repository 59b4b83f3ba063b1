package dev.coppice.train.cli;

import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.coppice.moe.cli.ExitCode;
import dev.coppice.moe.cli.OutputOptions;
import dev.coppice.moe.io.DurableFiles;
import dev.coppice.train.TrainJson;
import dev.coppice.train.report.RunReport;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** {@code coppice report}. */
@Command(
    name = "report",
    description = {
      "Draws training runs on one self-contained HTML page: loss against FLOPs, tokens,"
          + " steps and time, learning rate, gradient norm, speed, router health and events."
          + " Several runs share the charts.",
      "",
      "Runs may be active, stopped or killed. Their folders are only read.",
      ""
    })
final class ReportCommand implements Callable<Integer> {
  @Parameters(paramLabel = "RUN", arity = "1..*", description = "Run folders.")
  private List<Path> runs;

  @Option(
      names = "--out",
      paramLabel = "FILE.html",
      required = true,
      description = "Output file; replaced if it exists.")
  private Path out;

  @Mixin private OutputOptions output;

  @Spec private CommandSpec command;

  @Override
  public Integer call() throws IOException {
    RunReport report = RunReport.read(runs);
    DurableFiles.replace(out, report.html());
    ObjectNode json = TrainJson.mapper().createObjectNode();
    json.put("out", out.toString());
    json.set("runs", report.json());
    String text = report.table().console() + "\n\n" + out;
    output.print(command.commandLine().getOut(), json, text);
    return ExitCode.OK.number();
  }
}
