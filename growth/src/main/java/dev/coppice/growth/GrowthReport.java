package dev.coppice.growth;

import com.fasterxml.jackson.databind.JsonNode;
import com.google.common.collect.ImmutableList;
import dev.coppice.moe.checkpoint.Checkpoint;
import dev.coppice.moe.checkpoint.ShardLayout;
import dev.coppice.moe.spec.LayerSpec;
import dev.coppice.moe.spec.MoeSpec;
import java.io.IOException;
import java.nio.file.Path;
import java.util.Set;
import java.util.TreeSet;

/**
 * What a growth would do, told before a byte is written.
 *
 * @param before the source
 * @param after the output
 * @param shards weight files of the output
 * @param diskNeeded bytes the output may take, with a margin
 * @param diskAvailable bytes free where it would go
 * @param memory bytes of buffers that the growth holds, beside the Java runtime
 * @param invariant what is kept of the model's function
 * @param configDiff changed keys of config.json, as {@code key: old -> new}
 * @param warnings limits of serving programs that the output would exceed
 */
public record GrowthReport(
    Side before,
    Side after,
    int shards,
    long diskNeeded,
    long diskAvailable,
    long memory,
    Invariant invariant,
    ImmutableList<String> configDiff,
    ImmutableList<String> warnings) {

  /** Largest top-k and expert count that common serving programs take. */
  private static final int SERVED_TOP_K = 8;

  private static final int SERVED_EXPERTS = 512;

  /**
   * One end of a growth.
   *
   * @param spec its shape
   * @param tensors number of tensors
   * @param bytes bytes of all tensors
   */
  public record Side(MoeSpec spec, int tensors, long bytes) {
    /** Experts of a mixture layer; 0 without one. */
    public int experts() {
      return spec.firstMoe().map(LayerSpec.Moe::experts).orElse(0);
    }

    /** Experts chosen for a token; 0 without experts. */
    public int topK() {
      return spec.firstMoe().map(LayerSpec.Moe::topK).orElse(0);
    }

    /** What a checkpoint is. */
    public static Side of(Checkpoint checkpoint) {
      return new Side(checkpoint.spec(), checkpoint.tensors().size(), checkpoint.byteSize());
    }

    /** What a plan makes. */
    public static Side of(GrowthPlan plan) {
      return new Side(plan.spec(), plan.tensors().size(), plan.byteSize());
    }
  }

  /**
   * The report of a growth.
   *
   * @param source what would grow
   * @param request how
   * @param target where the output would go
   * @throws dev.coppice.moe.CoppiceException if the model cannot grow so
   */
  public static GrowthReport of(Checkpoint source, GrowthRequest request, Path target)
      throws IOException {
    GrowthPlan plan = GrowthPlan.of(source, request.operator(), request.seed());
    ShardLayout layout = GrowthExecutor.layout(plan, request.maxShardBytes());
    Side after = Side.of(plan);
    return new GrowthReport(
        Side.of(source),
        after,
        layout.shards().size(),
        DiskSpace.needed(layout.totalBytes()),
        DiskSpace.available(target),
        3L * RecipeReader.CHUNK * request.threads(),
        request.operator().invariant(),
        diff(source.config(), plan.config()),
        warnings(after));
  }

  /** Changed keys of a config, as {@code key: old -> new}. */
  static ImmutableList<String> diff(JsonNode old, JsonNode grown) {
    Set<String> keys = new TreeSet<>();
    old.fieldNames().forEachRemaining(keys::add);
    grown.fieldNames().forEachRemaining(keys::add);
    return keys.stream()
        .filter(key -> !old.path(key).equals(grown.path(key)))
        .map(key -> key + ": " + shown(old.path(key)) + " -> " + shown(grown.path(key)))
        .collect(ImmutableList.toImmutableList());
  }

  private static String shown(JsonNode value) {
    return value.isMissingNode() ? "(absent)" : value.toString();
  }

  private static ImmutableList<String> warnings(Side after) {
    ImmutableList.Builder<String> warnings = ImmutableList.builder();
    if (after.topK() > SERVED_TOP_K) {
      warnings.add(
          "some serving kernels take a top-k of at most " + SERVED_TOP_K + ", got " + after.topK());
    }
    if (after.experts() > SERVED_EXPERTS) {
      warnings.add(
          "some serving programs take at most "
              + SERVED_EXPERTS
              + " experts, got "
              + after.experts());
    }
    return warnings.build();
  }
}
