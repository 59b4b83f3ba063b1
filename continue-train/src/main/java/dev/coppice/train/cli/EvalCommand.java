package dev.coppice.train.cli;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.coppice.moe.checkpoint.Checkpoint;
import dev.coppice.moe.cli.ExitCode;
import dev.coppice.moe.cli.OutputOptions;
import dev.coppice.moe.cli.ProgressLine;
import dev.coppice.moe.model.LanguageModel;
import dev.coppice.moe.text.Tokenizer;
import dev.coppice.moe.text.Tokenizers;
import dev.coppice.train.TrainJson;
import dev.coppice.train.data.DataRecord;
import dev.coppice.train.eval.ChoiceReport;
import dev.coppice.train.eval.ChoiceScorer;
import dev.coppice.train.eval.ChoiceTask;
import dev.coppice.train.eval.EvalReport;
import dev.coppice.train.eval.EvalSpec;
import dev.coppice.train.eval.Evaluator;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.concurrent.Callable;
import java.util.function.DoubleConsumer;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** {@code coppice eval}. */
@Command(
    name = "eval",
    description = {
      "Evaluates a checkpoint on text (loss, bits a byte, next-token accuracy) and on"
          + " multiple-choice questions. Shows 95 %% bootstrap intervals.",
      "A task is a file of lines {\"context\": \"…\", \"choices\": [\"…\", \"…\"],"
          + " \"answer\": 0}. The answer of the model is its most likely choice after the"
          + " context, with and without division by the bytes of the choice.",
      ""
    })
final class EvalCommand implements Callable<Integer> {
  @Parameters(paramLabel = "CKPT", description = "Checkpoint folder.")
  private Path checkpoint;

  @Option(
      names = "--task",
      paramLabel = "FILE",
      arity = "1..*",
      description = "Multiple-choice questions, one JSON object a line.")
  private List<Path> tasks = List.of();

  @Option(
      names = "--seed",
      paramLabel = "S",
      defaultValue = "0",
      description = "Seed of the bootstrap (default: ${DEFAULT-VALUE}).")
  private long seed;

  @Mixin private DataOptions data;

  @Mixin private WindowOptions reading;

  @Mixin private OutputOptions output;

  @Spec private CommandSpec command;

  @Override
  public Integer call() throws IOException {
    if (!data.isGiven() && tasks.isEmpty()) {
      throw new ParameterException(
          command.commandLine(), "one of --data, --task must be given, got none");
    }
    data.checkUnweighted();
    List<ChoiceTask> questions = new ArrayList<>();
    for (Path task : tasks) {
      questions.add(ChoiceTask.read(task));
    }
    ObjectNode json = TrainJson.mapper().createObjectNode();
    List<String> texts = new ArrayList<>();
    try (Checkpoint opened = Checkpoint.open(checkpoint);
        LanguageModel model = LanguageModel.open(opened, reading.precision());
        ProgressLine line = ProgressLine.start("eval", 1, output.quiet())) {
      DoubleConsumer progress = share -> line.update(share, "");
      TrainedReading trained = TrainedReading.of(opened);
      EvalSpec spec = reading.fitted(reading.spec(1000, seed, trained), model.spec());
      if (data.isGiven()) {
        Judged judged = judge(model, spec, trained, progress);
        json.setAll((ObjectNode) TrainJson.mapper().valueToTree(judged.report()));
        judged
            .documentEnd()
            .ifPresentOrElse(
                end -> json.put("document_end", end), () -> json.putNull("document_end"));
        json.putPOJO("data_read", judged.data());
        texts.add(text(judged, trained));
      }
      if (!questions.isEmpty()) {
        ArrayNode all = json.putArray("tasks");
        for (ChoiceReport report : choose(model, questions, spec, progress)) {
          all.addPOJO(report);
          texts.add(text(report));
        }
      }
    }
    output.print(command.commandLine().getOut(), json, String.join("\n", texts));
    return ExitCode.OK.number();
  }

  /**
   * Results on text.
   *
   * @param report on it
   * @param documentEnd token that ended documents, if one did
   * @param data that was read
   */
  private record Judged(EvalReport report, OptionalInt documentEnd, DataRecord data) {}

  private Judged judge(
      LanguageModel model, EvalSpec spec, TrainedReading trained, DoubleConsumer progress)
      throws IOException {
    return data.read(
        new DataOptions.Source(checkpoint, model.spec()),
        trained.documentEnd(),
        output.quiet(),
        (text, record) -> {
          DataRecord used = record.used(spec.sequence(), Optional.empty());
          DataNotes.print(used, command, output);
          reading.warnOfFewer(text.tokens(), spec);
          EvalReport report = Evaluator.score(model, text, spec, progress).report();
          return new Judged(report, text.documentEnd(), used);
        });
  }

  private List<ChoiceReport> choose(
      LanguageModel model, List<ChoiceTask> questions, EvalSpec spec, DoubleConsumer progress)
      throws IOException {
    List<ChoiceReport> reports = new ArrayList<>();
    try (Tokenizer tokenizer = Tokenizers.of(checkpoint, model.spec().vocabularySize())) {
      ChoiceScorer scorer = ChoiceScorer.of(model, tokenizer, spec);
      for (ChoiceTask task : questions) {
        reports.add(scorer.score(task, progress));
      }
    }
    return reports;
  }

  private static String text(ChoiceReport report) {
    return String.format(
        Locale.ROOT,
        """
        task %s: %d questions
        accuracy       %.2f %%, 95 %% interval %.2f to %.2f
        normalised     %.2f %%, 95 %% interval %.2f to %.2f\
        """,
        report.name(),
        report.questions(),
        100 * report.accuracy(),
        100 * report.accuracyLow(),
        100 * report.accuracyHigh(),
        100 * report.normalizedAccuracy(),
        100 * report.normalizedLow(),
        100 * report.normalizedHigh());
  }

  private String text(Judged judged, TrainedReading trained) {
    EvalReport report = judged.report();
    return String.format(
        Locale.ROOT,
        """
        loss           %.4f nats a token, 95 %% interval %.4f to %.4f (%d %s)
        bits per byte  %s
        accuracy       %.2f %%, 95 %% interval %.2f to %.2f
        tokens         %d in %d windows
        documents      %s, %s\
        """,
        report.loss(),
        report.intervalLow(),
        report.intervalHigh(),
        report.units(),
        report.resampled(),
        bits(report),
        100 * report.accuracy(),
        100 * report.accuracyLow(),
        100 * report.accuracyHigh(),
        report.tokens(),
        report.windows(),
        reading.maskLine(report.documentMask(), trained),
        judged.documentEnd().isPresent()
            ? "end token " + judged.documentEnd().getAsInt()
            : "no end token");
  }

  private static String bits(EvalReport report) {
    Double bits = report.bitsPerByte();
    Long bytes = report.bytes();
    return bits == null || bytes == null
        ? "unknown: the checkpoint has no tokenizer.json with the lengths of tokens"
        : String.format(Locale.ROOT, "%.4f over %d bytes", bits, bytes);
  }
}
