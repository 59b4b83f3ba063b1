package dev.coppice.growth.cli;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.coppice.growth.GrowthExecutor;
import dev.coppice.growth.GrowthReport;
import dev.coppice.growth.GrowthRequest;
import dev.coppice.growth.GrowthResult;
import dev.coppice.growth.StoppedGrowth;
import dev.coppice.growth.lineage.GrowthRecipe;
import dev.coppice.growth.moment.MomentRule;
import dev.coppice.growth.moment.TrainingState;
import dev.coppice.growth.plan.GrowthOperator;
import dev.coppice.moe.CoppiceException;
import dev.coppice.moe.ErrorKind;
import dev.coppice.moe.checkpoint.Checkpoint;
import dev.coppice.moe.cli.ExitCode;
import dev.coppice.moe.cli.OutputOptions;
import java.io.IOException;
import java.nio.file.Path;
import java.util.Locale;
import java.util.Optional;
import java.util.concurrent.Callable;
import java.util.stream.Stream;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** {@code coppice grow}: one plan, one pass. */
@Command(
    name = "grow",
    description = "Grows a checkpoint in depth, width or both, in one pass over its bytes.",
    footer = {
      "",
      "Examples: coppice grow base grown --depth 2 --width 2 --noise 0.01",
      "          coppice grow base grown --recipe recipe.yaml"
    })
final class GrowCommand implements Callable<Integer> {
  /** Says what becomes of the optimizer's state. */
  static final String WITH_OPTIMIZER = "--with-optimizer";

  @Parameters(
      index = "0",
      arity = "0..1",
      paramLabel = "SRC",
      description = "Folder of the checkpoint to grow.")
  private Path source;

  @Parameters(
      index = "1",
      arity = "0..1",
      paramLabel = "DST",
      description = "Output folder; must not exist.")
  private Path target;

  @Mixin private DepthOptions depth;

  @Mixin private WidthOptions width;

  @Mixin private RecipeOptions recipe;

  @Mixin private FamilyOptions family;

  @Option(
      names = "--seed",
      paramLabel = "S",
      defaultValue = "0",
      description = "Seed of all noise (default: 0).")
  private long seed;

  @Option(
      names = WITH_OPTIMIZER,
      paramLabel = "RULE",
      description =
          "Also grows the optimizer state of SRC. copy: copies get the moments of their"
              + " originals. reset: the moments of copies are zero. scale: the moments follow"
              + " the gradients, of which each of M copies of an expert gets an M-th. Without"
              + " this option the state is left out.")
  private Optional<MomentRule> moments;

  @Option(
      names = "--max-shard-size",
      paramLabel = "SIZE",
      defaultValue = "5GB",
      converter = ByteSizeConverter.class,
      description = "Maximum size of a weight file, in decimal units (default: 5GB).")
  private long maxShardBytes;

  @Option(
      names = "--sha256",
      description = "Records the SHA-256 of the source's files as well as their CRC-32C.")
  private boolean sha256;

  @Option(
      names = "--threads",
      paramLabel = "N",
      description = "Number of writing threads (default: the cores). It changes no byte.")
  private Optional<Integer> threads;

  @Option(
      names = "--resume",
      description =
          "Resumes a stopped growth of DST. Complete weight files are kept, and the"
              + " result has the same bytes. Operators, seed, shard size and source must be"
              + " unchanged. Without this option, a stopped growth with complete files is an"
              + " error, and one without any is removed. An active growth is never changed.")
  private boolean resume;

  @Option(names = "--dry-run", description = "Shows the plan and writes nothing.")
  private boolean dryRun;

  @Mixin private OutputOptions output;

  @Spec private CommandSpec spec;

  @Override
  public Integer call() throws IOException {
    if (recipe.schemaAsked()) {
      spec.commandLine().getOut().print(GrowthRecipe.schema());
      spec.commandLine().getOut().flush();
      return ExitCode.OK.number();
    }
    if (!spec.commandLine().getParseResult().hasMatchedPositional(1)) {
      throw GivenOptions.refusal("grow must have SRC and DST, got fewer");
    }
    GrowthRecipe asked = asked();
    GrowthRequest request =
        new GrowthRequest(
            asked.operator(),
            asked.seed(),
            maxShardBytes,
            threads.orElseGet(() -> Runtime.getRuntime().availableProcessors()),
            sha256,
            asked.moments());
    try (Checkpoint checkpoint = Checkpoint.open(source, family.families())) {
      GrowthReport report = GrowthReport.of(checkpoint, request, target);
      if (request.moments().isEmpty() && TrainingState.isIn(source)) {
        tell(
            "the optimizer's state of "
                + source
                + " is left behind; "
                + WITH_OPTIMIZER
                + " copy, reset or scale grows it too");
      }
      if (dryRun) {
        print(json(report), ReportText.of(report));
        return ExitCode.OK.number();
      }
      if (!output.json() && !output.quiet()) {
        tell(ReportText.of(report));
      }
      GrowthResult result = grow(checkpoint, request);
      ObjectNode json = json(report);
      json.put("seconds", result.seconds());
      json.put("bytes_written", result.bytesWritten());
      json.put("files_kept", result.keptShards());
      print(json, summary(result));
    }
    return ExitCode.OK.number();
  }

  private void tell(String text) {
    spec.commandLine().getErr().println(text);
    spec.commandLine().getErr().flush();
  }

  private GrowthResult grow(Checkpoint checkpoint, GrowthRequest request) throws IOException {
    if (!resume) {
      refuseStopped();
    }
    try (ByteProgress progress = new ByteProgress("grow", output.quiet())) {
      if (resume) {
        return GrowthExecutor.resume(checkpoint, request, target, progress);
      }
      return GrowthExecutor.run(checkpoint, request, target, progress);
    }
  }

  private void refuseStopped() throws IOException {
    Optional<StoppedGrowth> stopped =
        StoppedGrowth.find(target).filter(growth -> growth.wholeFiles() > 0 && !growth.alive());
    if (stopped.isPresent()) {
      throw new CoppiceException(
          ErrorKind.REQUEST_INVALID,
          String.format(
              Locale.ROOT,
              "a growth of %s was stopped with %d weight files complete: continue with"
                  + " --resume, or delete %s to start again",
              target,
              stopped.get().wholeFiles(),
              stopped.get().folder()));
    }
  }

  private GrowthRecipe asked() throws IOException {
    GivenOptions given = new GivenOptions(spec);
    if (recipe.given()) {
      return recipe.read(given);
    }
    return Stream.concat(depth.operators(given), width.operators(given))
        .reduce(GrowthOperator::then)
        .map(operator -> new GrowthRecipe(seed, operator, moments))
        .orElseThrow(
            () ->
                new CoppiceException(
                    ErrorKind.REQUEST_INVALID,
                    "growth must have --depth or --width above 1, --layers, --mtp drop or --recipe,"
                        + " got none"));
  }

  private void print(ObjectNode json, String text) {
    output.print(spec.commandLine().getOut(), json, text);
  }

  private String summary(GrowthResult result) {
    return String.format(
        Locale.ROOT,
        "%s: %s in %d %s%s, %.1f s, %s/s",
        result.folder(),
        ReportText.bytes(result.bytesWritten()),
        result.shards(),
        result.shards() == 1 ? "file" : "files",
        result.keptShards() == 0 ? "" : " (" + result.keptShards() + " kept)",
        result.seconds(),
        ReportText.bytes((long) (result.bytesWritten() / result.seconds())));
  }

  private static void put(ObjectNode json, GrowthReport.Moments moments) {
    json.put("rule", moments.rule().key());
    json.put("steps", moments.steps());
    json.put("tensors", moments.tensors());
    json.put("bytes", moments.bytes());
  }

  private static ObjectNode json(GrowthReport report) {
    ObjectNode json = JsonNodeFactory.instance.objectNode();
    CheckpointJson.put(json, report.after());
    json.put("invariant", report.invariant().name().toLowerCase(Locale.ROOT));
    json.put("shards", report.shards());
    json.put("disk_needed", report.diskNeeded());
    json.put("disk_available", report.diskAvailable());
    json.put("memory", report.memory());
    report.moments().ifPresent(state -> put(json.putObject("optimizer"), state));
    ArrayNode notes = json.putArray("notes");
    report.notes().forEach(notes::add);
    ArrayNode diff = json.putArray("config_diff");
    report.configDiff().forEach(diff::add);
    ArrayNode warnings = json.putArray("warnings");
    report.warnings().forEach(warnings::add);
    CheckpointJson.put(json.putObject("source"), report.before());
    return json;
  }
}
