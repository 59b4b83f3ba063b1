package dev.coppice.train.cli;

import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.coppice.moe.checkpoint.Checkpoint;
import dev.coppice.moe.checkpoint.CoppiceRecord;
import dev.coppice.moe.cli.ExitCode;
import dev.coppice.moe.cli.OutputOptions;
import dev.coppice.moe.cli.ProgressLine;
import dev.coppice.moe.model.LanguageModel;
import dev.coppice.train.TrainJson;
import dev.coppice.train.data.token.TokenSequence;
import dev.coppice.train.eval.EvalSpec;
import dev.coppice.train.eval.RouterJudge;
import dev.coppice.train.eval.RouterReport;
import dev.coppice.train.eval.Twins;
import java.io.IOException;
import java.nio.file.Path;
import java.util.Collections;
import java.util.Locale;
import java.util.Optional;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** {@code coppice routers}. */
@Command(
    name = "routers",
    description = {
      "Measures router load on a text: each layer's load, dead experts and entropy."
          + " After growth, also shows how often experts are chosen together with their copies.",
      ""
    })
final class RoutersCommand implements Callable<Integer> {
  @Parameters(paramLabel = "CKPT", description = "Checkpoint folder.")
  private Path checkpoint;

  @Mixin private DataOptions data;

  @Mixin private WindowOptions reading;

  @Mixin private OutputOptions output;

  @Spec private CommandSpec command;

  @Override
  public Integer call() throws IOException {
    if (!data.isGiven()) {
      throw new ParameterException(command.commandLine(), "--data must be given, got none");
    }
    data.checkUnweighted();
    try (Checkpoint opened = Checkpoint.open(checkpoint)) {
      TrainedReading trained = TrainedReading.of(opened);
      RouterReport report = judge(opened, trained);
      ObjectNode json = TrainJson.mapper().valueToTree(report);
      String documents = "documents: " + reading.maskLine(report.documentMask(), trained);
      output.print(
          command.commandLine().getOut(), json, text(report) + System.lineSeparator() + documents);
    }
    return ExitCode.OK.number();
  }

  private RouterReport judge(Checkpoint opened, TrainedReading trained) throws IOException {
    EvalSpec spec = reading.spec(1, 0, trained);
    try (LanguageModel model = LanguageModel.open(opened, reading.precision())) {
      Optional<Twins> twins = opened.record().flatMap(CoppiceRecord::lineage).flatMap(Twins::of);
      return data.read(
          new DataOptions.Source(checkpoint, model.spec()),
          trained.documentEnd(),
          output.quiet(),
          (text, record) -> {
            EvalSpec fitted = reading.fitted(spec, model.spec());
            DataNotes.print(record.used(fitted.sequence(), Optional.empty()), command, output);
            reading.warnOfFewer(text.tokens(), fitted);
            return judge(model, text.tokens(), fitted, twins);
          });
    }
  }

  private RouterReport judge(
      LanguageModel model, TokenSequence text, EvalSpec spec, Optional<Twins> twins) {
    try (ProgressLine line = ProgressLine.start("routers", 1, output.quiet())) {
      return RouterJudge.judge(model, text, spec, twins, share -> line.update(share, ""));
    }
  }

  private static String text(RouterReport report) {
    StringBuilder text = new StringBuilder("layer  imbalance  dead  entropy  least and most load");
    text.append(report.layers().stream().anyMatch(l -> l.twinAgreement() != null) ? "  twins" : "");
    for (int i = 0; i < report.layers().size(); i++) {
      RouterReport.Layer layer = report.layers().get(i);
      text.append(
          String.format(
              Locale.ROOT,
              "%n%5d  %9.2f  %4d  %7.3f  %9.4f %11.4f%s",
              i,
              layer.imbalance(),
              layer.deadExperts(),
              layer.entropy(),
              Collections.min(layer.load()),
              Collections.max(layer.load()),
              twins(layer.twinAgreement())));
    }
    return text.toString();
  }

  private static String twins(@Nullable Double agreement) {
    return agreement == null ? "" : String.format(Locale.ROOT, "  %5.3f", agreement);
  }
}
