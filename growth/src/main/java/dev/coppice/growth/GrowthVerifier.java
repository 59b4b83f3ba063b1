package dev.coppice.growth;

import com.fasterxml.jackson.databind.node.ObjectNode;
import com.google.common.collect.ImmutableList;
import com.google.common.collect.Sets;
import dev.coppice.growth.bytes.CheckpointBytes;
import dev.coppice.growth.bytes.RecipeReader;
import dev.coppice.growth.bytes.Sigmas;
import dev.coppice.growth.bytes.TensorBytes;
import dev.coppice.growth.bytes.TensorComparison;
import dev.coppice.growth.lineage.RecipeJson;
import dev.coppice.growth.moment.GrownState;
import dev.coppice.growth.moment.MomentPlan;
import dev.coppice.growth.plan.GrowthPlan;
import dev.coppice.growth.plan.PlannedTensor;
import dev.coppice.moe.checkpoint.Checkpoint;
import dev.coppice.moe.io.Crew;
import dev.coppice.moe.safetensors.CheckpointFormatException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import java.util.stream.Stream;

/**
 * Proves that a grown checkpoint equals the growth in its lineage.
 *
 * <p>The plan is derived again from operators and seed; every tensor is computed again from the
 * source and compared bit for bit, the optimizer's moments too where they grew; so are config, side
 * files, the recorded recipes and origins. The source is accepted only if its recorded hashes
 * match: CRC-32C, and SHA-256 if it was recorded.
 */
public final class GrowthVerifier {
  private final GrowthSource from;
  private final Checkpoint source;
  private final Checkpoint grown;
  private final GrowthRecord.Recorded recorded;
  private final GrowthPlan plan;
  private final Optional<MomentPlan> moments;
  private final CodePlaces code;
  private final AtomicLong compared = new AtomicLong();
  private final SourceHashes hashes = new SourceHashes();

  private GrowthVerifier(GrowthSource from, Checkpoint grown, GrowthRecord.Recorded recorded) {
    this.from = from;
    this.source = from.checkpoint();
    this.grown = grown;
    this.recorded = recorded;
    this.plan = GrowthPlan.of(source, recorded.operator(), recorded.seed());
    this.moments = from.moments(plan, recorded.moments());
    this.code = CodePlaces.of(source, recorded.json());
  }

  /**
   * Compares a grown checkpoint with what it should be.
   *
   * @param source what it was grown from
   * @param grown the output, with its lineage
   * @param progress receives the bytes compared and hashed
   * @return one sentence for every deviation, naming the tensor or key; empty if all is as planned
   * @throws dev.coppice.moe.CoppiceException if there is no lineage, or the source cannot grow so
   */
  public static ImmutableList<String> deviations(
      Checkpoint source, Checkpoint grown, GrowthProgress progress) throws IOException {
    GrowthRecord.Recorded recorded = GrowthRecord.read(grown);
    try (GrowthSource from = GrowthSource.open(source, recorded.moments())) {
      return new GrowthVerifier(from, grown, recorded).deviations(progress);
    }
  }

  private ImmutableList<String> deviations(GrowthProgress progress) throws IOException {
    Queue<String> byTensor = new ConcurrentLinkedQueue<>();
    try (GrownState state = GrownState.open(grown.folder(), moments)) {
      compareTensors(tasks(state), byTensor, progress);
      return Stream.of(
              sourceDeviations(),
              configDeviations(),
              sideFileDeviations(),
              recordDeviations(),
              nameDeviations(),
              state.deviations().stream(),
              byTensor.stream().sorted())
          .flatMap(sentences -> sentences)
          .collect(ImmutableList.toImmutableList());
    }
  }

  private Stream<String> sideFileDeviations() throws IOException {
    List<String> found = new ArrayList<>();
    for (Path file : source.sideFiles()) {
      String name = source.folder().relativize(file).toString();
      Path copy = grown.folder().resolve(name);
      ObjectNode planned = plan.sideFiles().get(name);
      if (!Files.isRegularFile(copy)) {
        found.add("file " + name + " must be there, got none");
      } else if (planned != null) {
        GrowthReport.diff(code.local(planned), code.local(grown.sideObject(copy)))
            .forEach(
                change ->
                    found.add(name + " must be as planned, got planned -> found in " + change));
      } else if (Files.mismatch(file, copy) >= 0 && !isSameButForCode(file, copy)) {
        found.add("file " + name + " must be the source's, got another");
      }
    }
    return found.stream();
  }

  /** Whether a file differs from the source's in the place of its code only, by names alone. */
  private boolean isSameButForCode(Path file, Path copy) throws IOException {
    if (code.repositories().isEmpty() || !copy.toString().endsWith(".json")) {
      return false;
    }
    try {
      ObjectNode wanted = source.sideObject(file);
      ObjectNode found = grown.sideObject(copy);
      return !wanted.equals(found) && code.local(wanted).equals(code.local(found));
    } catch (CheckpointFormatException e) {
      return false; // bytes alone can be compared, and they differ
    }
  }

  private Stream<String> recordDeviations() {
    String origin = plan.ancestry().origin().toJson().toString();
    boolean same = recorded.origin().isMissingNode() || recorded.origin().toString().equals(origin);
    return Stream.concat(
        same
            ? Stream.empty()
            : Stream.of("coppice.json must give the origin of layers and experts as planned"),
        recipeDeviations());
  }

  private Stream<String> recipeDeviations() {
    return plan.tensors().values().stream()
        .filter(
            tensor ->
                !RecipeJson.of(tensor.recipe())
                    .toString()
                    .equals(recorded.tensors().path(tensor.name()).toString()))
        .map(tensor -> "coppice.json must give the recipe of " + tensor.name() + " as planned");
  }

  /** A tensor to be compared, and where it lies. */
  private record Task(PlannedTensor tensor, TensorBytes in) {}

  private List<Task> tasks(GrownState state) {
    TensorBytes weights = new CheckpointBytes(grown);
    return Stream.concat(
            plan.inModelOrder()
                .filter(tensor -> grown.tensors().containsKey(tensor.name()))
                .map(tensor -> new Task(tensor, weights)),
            state.tensors().stream().map(tensor -> new Task(tensor, state.bytes())))
        .toList();
  }

  private void compareTensors(List<Task> tasks, Queue<String> found, GrowthProgress progress)
      throws IOException {
    int threads = Runtime.getRuntime().availableProcessors();
    long total =
        plan.byteSize() + moments.map(MomentPlan::byteSize).orElse(0L) + SourceHashes.total(from);
    AtomicInteger next = new AtomicInteger();
    Sigmas sigmas = new Sigmas();
    try (Crew comparers = new Crew("compare", threads);
        Crew hashers = new Crew("hash", threads)) {
      for (int thread = 0; thread < threads; thread++) {
        comparers.start(
            () -> {
              RecipeReader reader = new RecipeReader(from.tensors(), plan.seed(), sigmas);
              TensorComparison comparison = new TensorComparison(reader, compared::addAndGet);
              for (int i = next.getAndIncrement();
                  i < tasks.size() && !comparers.stopped();
                  i = next.getAndIncrement()) {
                Task task = tasks.get(i);
                comparison.deviation(task.tensor(), task.in()).ifPresent(found::add);
              }
              return null;
            });
      }
      boolean sha256 =
          recorded.files().values().stream().anyMatch(file -> file.sha256().isPresent());
      hashes.start(from, hashers, sha256);
      Runnable tick = () -> progress.update(compared.get() + hashes.done(), total);
      comparers.await(tick);
      hashers.await(tick);
    }
  }

  private Stream<String> sourceDeviations() {
    return recorded.files().entrySet().stream()
        .flatMap(file -> sourceDeviation(file.getKey(), file.getValue()).stream());
  }

  private Optional<String> sourceDeviation(String name, SourceHashes.FileHash wanted) {
    SourceHashes.FileHash found = hashes.byFile().get(name);
    if (found == null) {
      return Optional.of("source file " + name + " must be there, got none");
    }
    boolean sha256 = wanted.sha256().isPresent();
    boolean same =
        found.bytes() == wanted.bytes()
            && found.crc32c().equals(wanted.crc32c())
            && (!sha256 || found.sha256().equals(wanted.sha256()));
    return same
        ? Optional.empty()
        : Optional.of(
            String.format(
                Locale.ROOT,
                "source file %s must have %d bytes and %s %s, got %d and %s",
                name,
                wanted.bytes(),
                sha256 ? "SHA-256" : "CRC-32C",
                wanted.sha256().orElse(wanted.crc32c()),
                found.bytes(),
                found.sha256().orElse(found.crc32c())));
  }

  private Stream<String> configDeviations() {
    ObjectNode planned = code.local(plan.config());
    ObjectNode found = code.local(grown.config());
    return planned.equals(found)
        ? Stream.empty()
        : GrowthReport.diff(planned, found).stream()
            .map(change -> "config.json must be as planned, got planned -> found in " + change);
  }

  private Stream<String> nameDeviations() {
    Stream<String> missing =
        Sets.difference(plan.tensors().keySet(), grown.tensors().keySet()).stream()
            .map(name -> "tensor " + name + " must be there, got none");
    Stream<String> surplus =
        Sets.difference(grown.tensors().keySet(), plan.tensors().keySet()).stream()
            .map(name -> "tensor " + name + " must not be there, got one");
    return Stream.concat(missing, surplus);
  }
}
