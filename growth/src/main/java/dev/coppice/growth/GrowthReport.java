package dev.coppice.growth;

import com.fasterxml.jackson.databind.JsonNode;
import com.google.common.collect.ImmutableList;
import dev.coppice.growth.bytes.RecipeReader;
import dev.coppice.growth.moment.MomentPlan;
import dev.coppice.growth.moment.MomentRule;
import dev.coppice.growth.plan.GrowthPlan;
import dev.coppice.growth.plan.Invariant;
import dev.coppice.moe.anatomy.Anatomy;
import dev.coppice.moe.checkpoint.Checkpoint;
import dev.coppice.moe.checkpoint.ShardLayout;
import dev.coppice.moe.io.DiskSpace;
import java.io.IOException;
import java.nio.file.Path;
import java.util.Optional;

/**
 * Report of a growth, before a byte is written.
 *
 * @param before the source
 * @param after the output
 * @param shards weight files of the output
 * @param diskNeeded bytes the output may take, with a margin
 * @param diskAvailable bytes free where it would go
 * @param memory bytes of buffers that the growth holds, beside the Java runtime
 * @param invariant what is kept of the model's function
 * @param notes what operators chose to do, and why
 * @param configDiff changed keys of config.json, as {@code key: old -> new}
 * @param warnings what is not certain in the grown config and side files, and limits of serving
 *     programs that the output would exceed
 * @param moments what the optimizer's state would become; empty if it is left behind
 */
public record GrowthReport(
    Side before,
    Side after,
    int shards,
    long diskNeeded,
    long diskAvailable,
    long memory,
    Invariant invariant,
    ImmutableList<String> notes,
    ImmutableList<String> configDiff,
    ImmutableList<String> warnings,
    Optional<Moments> moments) {

  /** Buffers of one thread: three chunks, counts of values, blocks of noise. */
  private static final long BUFFERS = 3L * RecipeReader.CHUNK + (2L << 20);

  /**
   * One end of a growth.
   *
   * @param anatomy what growth sees of it
   * @param tensors number of tensors
   * @param bytes bytes of all tensors
   */
  public record Side(Anatomy anatomy, int tensors, long bytes) {
    /** Counts of a checkpoint. */
    public static Side of(Checkpoint checkpoint) {
      return new Side(checkpoint.anatomy(), checkpoint.tensors().size(), checkpoint.byteSize());
    }

    /** Counts of a plan. */
    public static Side of(GrowthPlan plan) {
      return new Side(plan.anatomy(), plan.tensors().size(), plan.byteSize());
    }
  }

  /**
   * The optimizer's state.
   *
   * @param rule what becomes of moments
   * @param steps steps that they have seen
   * @param tensors number of moments
   * @param bytes bytes of all moments
   */
  public record Moments(MomentRule rule, long steps, int tensors, long bytes) {
    private static Moments of(MomentPlan plan) {
      return new Moments(plan.rule(), plan.steps(), plan.tensors().size(), plan.byteSize());
    }
  }

  /**
   * The report of a growth.
   *
   * @param source what would grow
   * @param request how
   * @param target where the output would go
   * @throws dev.coppice.moe.CoppiceException if the model cannot grow so, or its optimizer's state
   *     is to grow and cannot
   */
  public static GrowthReport of(Checkpoint source, GrowthRequest request, Path target)
      throws IOException {
    try (GrowthSource from = GrowthSource.open(source, request.moments())) {
      return of(from, request, target);
    }
  }

  private static GrowthReport of(GrowthSource from, GrowthRequest request, Path target)
      throws IOException {
    Checkpoint source = from.checkpoint();
    GrowthPlan plan = GrowthPlan.of(source, request.operator(), request.seed());
    ShardLayout layout = GrowthExecutor.layout(plan, request.maxShardBytes());
    Side after = Side.of(plan);
    Optional<Moments> moments = from.moments(plan, request.moments()).map(Moments::of);
    long bytes = layout.totalBytes() + moments.map(Moments::bytes).orElse(0L);
    return new GrowthReport(
        Side.of(source),
        after,
        layout.shards().size(),
        DiskSpace.needed(bytes),
        DiskSpace.REAL.usable(target),
        request.threads() * BUFFERS,
        plan.invariant(),
        plan.notes(),
        diff(source.config(), plan.config()),
        warnings(source.anatomy(), plan),
        moments);
  }

  private static ImmutableList<String> warnings(Anatomy before, GrowthPlan plan) {
    Anatomy after = plan.anatomy();
    return ImmutableList.<String>builder()
        .addAll(plan.warnings())
        .addAll(ServingLimits.met(before, after))
        .addAll(PeriodWarnings.of(before, after))
        .addAll(after.warnings())
        .build();
  }

  /** Changed keys of a config, as {@code key: old -> new}; keys of nested objects with a dot. */
  static ImmutableList<String> diff(JsonNode old, JsonNode grown) {
    return ConfigDiff.of(old, grown);
  }
}
