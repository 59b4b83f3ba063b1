package dev.coppice.growth;

import com.fasterxml.jackson.databind.node.ObjectNode;
import com.google.common.collect.ImmutableList;
import com.google.common.io.Closer;
import dev.coppice.growth.bytes.RecipeReader;
import dev.coppice.growth.bytes.Sigmas;
import dev.coppice.growth.bytes.TensorWriter;
import dev.coppice.growth.moment.MomentPlan;
import dev.coppice.growth.plan.GrowthPlan;
import dev.coppice.growth.plan.PlannedTensor;
import dev.coppice.moe.CoppiceException;
import dev.coppice.moe.ErrorKind;
import dev.coppice.moe.checkpoint.Checkpoint;
import dev.coppice.moe.checkpoint.CheckpointWriter;
import dev.coppice.moe.checkpoint.OptimizerState;
import dev.coppice.moe.checkpoint.Shard;
import dev.coppice.moe.checkpoint.ShardLayout;
import dev.coppice.moe.checkpoint.StoredTensor;
import dev.coppice.moe.io.Crew;
import dev.coppice.moe.io.DiskSpace;
import dev.coppice.moe.safetensors.SafetensorsWriter;
import java.io.IOException;
import java.nio.file.Path;
import java.util.Comparator;
import java.util.HashSet;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import java.util.stream.Stream;

/**
 * Carries out a plan as a stream from file to file; works on recipes, not on models.
 *
 * <p>Each shard's header is written first, since all shapes are known; then the tensors follow,
 * shard by shard, and in each shard in the order in which their bytes lie in the source, while one
 * thread keeps the disk busy. Memory is three megabytes a thread. Neither threads nor shard size
 * change a byte of any tensor. The optimizer's moments, where they grow too, are one more file that
 * is written in the same way. The folder takes its name only when it is whole and durable.
 */
public final class GrowthExecutor {
  private final GrowthSource from;
  private final Checkpoint source;
  private final GrowthRequest request;
  private final GrowthPlan plan;
  private final Optional<MomentPlan> moments;
  private final ShardLayout layout;
  private final Set<String> kept = new HashSet<>();
  private final Sigmas sigmas = new Sigmas();
  private final SourceHashes hashes = new SourceHashes();
  private final AtomicLong written = new AtomicLong();

  private GrowthExecutor(GrowthSource from, GrowthRequest request) {
    this.from = from;
    this.source = from.checkpoint();
    this.request = request;
    this.plan = GrowthPlan.of(source, request.operator(), request.seed());
    this.moments = from.moments(plan, request.moments());
    this.layout = layout(plan, request.maxShardBytes());
  }

  /**
   * Grows a checkpoint.
   *
   * @param source what grows
   * @param request how
   * @param target the output folder; nothing may be there
   * @param progress receives the bytes done and in all
   * @throws CoppiceException if the growth is refused, the target exists, the disk is too small or
   *     the optimizer's state cannot grow; nothing is left behind
   */
  public static GrowthResult run(
      Checkpoint source, GrowthRequest request, Path target, GrowthProgress progress)
      throws IOException {
    try (GrowthSource from = GrowthSource.open(source, request.moments())) {
      return new GrowthExecutor(from, request).run(target, progress);
    }
  }

  /**
   * Goes on with a growth that was stopped, and ends with the very files that it would have
   * written. Weight files that were whole are read once and kept, all else is written anew.
   *
   * @param source what grows; its files must be as they were
   * @param request how; the same operators, seed and shard size
   * @param target the output folder; nothing may be there
   * @param progress receives the bytes done and in all
   * @throws CoppiceException if there is nothing to resume, or another growth was begun; then all
   *     stays as it is
   */
  public static GrowthResult resume(
      Checkpoint source, GrowthRequest request, Path target, GrowthProgress progress)
      throws IOException {
    try (GrowthSource from = GrowthSource.open(source, request.moments())) {
      return new GrowthExecutor(from, request).goOn(target, progress);
    }
  }

  /**
   * The weight files of a plan: tensors in the order of the model.
   *
   * @param plan what is written
   * @param maxShardBytes most bytes of one file
   */
  static ShardLayout layout(GrowthPlan plan, long maxShardBytes) {
    return ShardLayout.of(plan.inModelOrder().map(PlannedTensor::slot).toList(), maxShardBytes);
  }

  private GrowthResult run(Path target, GrowthProgress progress) throws IOException {
    long started = System.nanoTime();
    StoppedGrowth.discardDead(target);
    try (CheckpointWriter writer = CheckpointWriter.begin(target)) {
      requireSpace(writer.staging(), totalBytes());
      try (GrowthJournal journal =
          GrowthJournal.start(writer.staging(), GrowthFingerprint.of(from, request, plan))) {
        fill(writer, journal, progress);
      }
    }
    return result(target, started);
  }

  private GrowthResult goOn(Path target, GrowthProgress progress) throws IOException {
    long started = System.nanoTime();
    StoppedGrowth stopped =
        StoppedGrowth.require(target, GrowthFingerprint.of(from, request, plan));
    try (GrowthJournal journal = stopped.takeOver(target, kept);
        CheckpointWriter writer = CheckpointWriter.resume(target, stopped.folder())) {
      written.set(keptBytes());
      requireSpace(writer.staging(), totalBytes() - keptBytes());
      fill(writer, journal, progress);
    }
    return result(target, started);
  }

  /** Refuses an output that does not fit on its disk. */
  static void requireSpace(Path staging, long bytes) throws IOException {
    Optional<String> shortage = DiskSpace.REAL.shortage(staging, bytes);
    if (shortage.isPresent()) {
      throw new CoppiceException(
          ErrorKind.RESOURCE, shortage.get() + " (" + staging.getParent() + ")");
    }
  }

  private long keptBytes() {
    long weights =
        layout.shards().stream()
            .filter(shard -> kept.contains(shard.fileName()))
            .mapToLong(Shard::byteSize)
            .sum();
    return weights + (kept.contains(OptimizerState.FILE) ? momentBytes() : 0);
  }

  private long momentBytes() {
    return moments.map(MomentPlan::byteSize).orElse(0L);
  }

  private long totalBytes() {
    return layout.totalBytes() + momentBytes();
  }

  /** Weight files, and the optimizer's. */
  private int files() {
    return layout.shards().size() + (moments.isPresent() ? 1 : 0);
  }

  private GrowthResult result(Path target, long started) {
    return new GrowthResult(
        plan, target, files(), kept.size(), totalBytes(), (System.nanoTime() - started) / 1e9);
  }

  private void fill(CheckpointWriter writer, GrowthJournal journal, GrowthProgress progress)
      throws IOException {
    writer.onStop(() -> reasonToKeep(journal));
    writeTensors(writer, journal, progress);
    writer.writeConfig(plan.config());
    writeSideFiles(writer);
    GrowthRecord record = new GrowthRecord(source, request, plan, hashes.byFile());
    writer.writeModelCard(new GrowthCard(source, record).text());
    writer.writeRecord(record.toRecord());
    writer.writeIndex(layout);
    journal.remove();
    writer.commit();
  }

  private void writeSideFiles(CheckpointWriter writer) throws IOException {
    for (Path file : source.sideFiles()) {
      String name = source.folder().relativize(file).toString();
      ObjectNode grown = plan.sideFiles().get(name);
      if (grown == null) {
        writer.copySideFile(source.folder(), file);
      } else {
        writer.writeSideFile(name, grown);
      }
    }
  }

  private Optional<String> reasonToKeep(GrowthJournal journal) {
    return Optional.of(journal.size())
        .filter(whole -> whole > 0)
        .map(
            whole ->
                String.format(
                    Locale.ROOT,
                    "stopped with %d of %d weight files complete; --resume continues from"
                        + " there (%s)",
                    whole,
                    files(),
                    journal.folder()));
  }

  /** One tensor to be written, and the shard that waits for it. */
  private record Job(PlannedTensor tensor, SafetensorsWriter file, AtomicInteger left) {}

  private void writeTensors(CheckpointWriter writer, GrowthJournal journal, GrowthProgress progress)
      throws IOException {
    long total = totalBytes() + SourceHashes.total(from);
    try (Closer files = Closer.create();
        Crew hashers = new Crew("hash", request.threads());
        Flusher flusher = new Flusher(written::get);
        Crew writers = new Crew("write", request.threads())) {
      ImmutableList<Job> jobs = jobs(writer, files);
      jobs.stream().map(job -> job.file().path()).distinct().forEach(flusher::watch);
      AtomicInteger next = new AtomicInteger();
      for (int thread = 0; thread < request.threads(); thread++) {
        writers.start(() -> work(jobs, next, writers, journal));
      }
      hashes.start(from, hashers, request.sha256());
      Runnable tick = () -> progress.update(written.get() + hashes.done(), total);
      writers.await(tick);
      hashers.await(tick);
    }
  }

  /**
   * Takes jobs until none is left; the thread that writes a shard's last tensor makes the shard
   * durable.
   */
  private Integer work(List<Job> jobs, AtomicInteger next, Crew crew, GrowthJournal journal)
      throws IOException {
    RecipeReader reader = new RecipeReader(from.tensors(), plan.seed(), sigmas);
    TensorWriter tensors = new TensorWriter(from.tensors(), reader, written::addAndGet);
    int done = 0;
    for (int i = next.getAndIncrement(); i < jobs.size(); i = next.getAndIncrement()) {
      if (crew.stopped()) {
        break;
      }
      Job job = jobs.get(i);
      tensors.write(job.tensor(), job.file());
      if (job.left().decrementAndGet() == 0) {
        job.file().finish();
        note(job.file().path(), journal);
      }
      done++;
    }
    return done;
  }

  /** A growth of one file has nothing to resume: it is whole, or there is nothing. */
  private void note(Path shard, GrowthJournal journal) throws IOException {
    if (files() > 1) {
      journal.note(shard);
    }
  }

  private ImmutableList<Job> jobs(CheckpointWriter writer, Closer files) throws IOException {
    ImmutableList.Builder<Job> jobs = ImmutableList.builder();
    for (Shard shard : layout.shards()) {
      if (kept.contains(shard.fileName())) {
        continue;
      }
      SafetensorsWriter file = files.register(writer.openShard(shard));
      jobs.addAll(jobs(file, shard.slots().stream().map(slot -> plan.tensor(slot.name()))));
    }
    if (moments.isPresent() && !kept.contains(OptimizerState.FILE)) {
      MomentPlan state = moments.get();
      Path path = writer.resolve(OptimizerState.FILE);
      SafetensorsWriter file =
          files.register(SafetensorsWriter.create(path, state.slots(), state.metadata()));
      jobs.addAll(jobs(file, state.tensors().values().stream()));
    }
    return jobs.build();
  }

  private ImmutableList<Job> jobs(SafetensorsWriter file, Stream<PlannedTensor> tensors) {
    List<PlannedTensor> ordered = bySourcePosition(tensors);
    AtomicInteger left = new AtomicInteger(ordered.size());
    return ordered.stream()
        .map(tensor -> new Job(tensor, file, left))
        .collect(ImmutableList.toImmutableList());
  }

  /** A tensor and the place of the first source byte that it reads. */
  private record Placed(PlannedTensor tensor, String file, long offset) {}

  private List<PlannedTensor> bySourcePosition(Stream<PlannedTensor> tensors) {
    return tensors
        .map(this::placed)
        .sorted(
            Comparator.comparing(Placed::file)
                .thenComparing(Placed::offset)
                .thenComparing(placed -> placed.tensor().name()))
        .map(Placed::tensor)
        .toList();
  }

  private Placed placed(PlannedTensor tensor) {
    Optional<StoredTensor> first =
        tensor.recipe().sources().findFirst().map(from.tensors()::tensor);
    return new Placed(
        tensor,
        first.map(stored -> stored.file().toString()).orElse(""),
        first.map(StoredTensor::fileOffset).orElse(0L));
  }
}
