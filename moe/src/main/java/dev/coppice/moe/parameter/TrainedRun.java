package dev.coppice.moe.parameter;

import static com.google.common.base.Preconditions.checkArgument;

import com.google.common.collect.ImmutableList;
import dev.coppice.moe.kernel.LayerParameter;
import dev.coppice.moe.parameter.ParameterLayout.Slot;
import java.util.function.BiPredicate;

/**
 * Consecutive rows of one trained parameter whose parts are trained alike.
 *
 * @param slot index of the parameter
 * @param from first row, of the first extent
 * @param to end of the rows
 * @param rate multiple of the learning rate
 * @param decays whether weight decay applies
 */
public record TrainedRun(int slot, long from, long to, double rate, boolean decays) {
  public boolean frozen() {
    return rate == 0;
  }

  private TrainedRun upTo(long end) {
    return new TrainedRun(slot, from, end, rate, decays);
  }

  /** The runs of all trained parameters, in order: as few as the policy allows. */
  public static ImmutableList<TrainedRun> of(ParameterLayout layout, ParameterPolicy policy) {
    return merged(split(layout, policy), TrainedRun::sameTraining);
  }

  /** The runs that are not frozen, as few as can be, at whatever rates. */
  public static ImmutableList<TrainedRun> moving(ImmutableList<TrainedRun> runs) {
    return merged(
        runs.stream().filter(run -> !run.frozen()).collect(ImmutableList.toImmutableList()),
        (a, b) -> true);
  }

  private static boolean sameTraining(TrainedRun a, TrainedRun b) {
    return a.rate == b.rate && a.decays == b.decays;
  }

  /** Joins neighbours that meet and may be joined. */
  private static ImmutableList<TrainedRun> merged(
      ImmutableList<TrainedRun> runs, BiPredicate<TrainedRun, TrainedRun> alike) {
    ImmutableList.Builder<TrainedRun> merged = ImmutableList.builder();
    for (int i = 0; i < runs.size(); ) {
      TrainedRun first = runs.get(i);
      long end = first.to;
      for (i++; i < runs.size() && meets(first, end, runs.get(i)); i++) {
        if (!alike.test(first, runs.get(i))) {
          break;
        }
        end = runs.get(i).to;
      }
      merged.add(first.upTo(end));
    }
    return merged.build();
  }

  private static boolean meets(TrainedRun first, long end, TrainedRun next) {
    return next.slot == first.slot && next.from == end;
  }

  private static ImmutableList<TrainedRun> split(ParameterLayout layout, ParameterPolicy policy) {
    ImmutableList.Builder<TrainedRun> runs = ImmutableList.builder();
    for (int i = 0; i < layout.slots().size(); i++) {
      Slot slot = layout.slots().get(i);
      if (slot.exists() && slot.trained()) {
        long rows = slot.shape().get(0);
        int parts = byExpert(layout, i) ? Math.toIntExact(rows) : 1;
        for (int part = 0; part < parts; part++) {
          int expert = byExpert(layout, i) ? part : ParameterPart.NONE;
          runs.add(run(i, rows / parts, part(layout, i, expert), policy));
        }
      }
    }
    return runs.build();
  }

  private static TrainedRun run(int slot, long rows, ParameterPart part, ParameterPolicy policy) {
    double rate = policy.rate(part);
    checkArgument(
        rate >= 0 && Double.isFinite(rate),
        "rate must be finite and not negative, got %s (%s)",
        rate,
        part);
    long from = Math.max(0, part.expert());
    // -0.0 equals 0 but is another value to a record
    return new TrainedRun(slot, from, from + rows, rate + 0.0, policy.decays(part));
  }

  private static boolean byExpert(ParameterLayout layout, int slot) {
    return slot >= ParameterLayout.FIRST_LAYER
        && layout.spec().layers().get(layer(slot)).isMixture()
        && ParameterLayout.LAYER.get(place(slot)).byExpert();
  }

  private static ParameterPart part(ParameterLayout layout, int slot, int expert) {
    return switch (slot) {
      case ParameterLayout.EMBEDDING -> ofModel(ParameterKind.EMBEDDING);
      case ParameterLayout.FINAL_NORM -> ofModel(ParameterKind.NORM);
      case ParameterLayout.HEAD -> ofModel(ParameterKind.HEAD);
      default -> {
        int layer = layer(slot);
        LayerParameter own = ParameterLayout.LAYER.get(place(slot));
        boolean mixture = layout.spec().layers().get(layer).isMixture();
        yield new ParameterPart(ParameterKind.of(own, mixture), layer, expert);
      }
    };
  }

  private static ParameterPart ofModel(ParameterKind kind) {
    return new ParameterPart(kind, ParameterPart.NONE, ParameterPart.NONE);
  }

  private static int layer(int slot) {
    return (slot - ParameterLayout.FIRST_LAYER) / ParameterLayout.PER_LAYER;
  }

  private static int place(int slot) {
    return (slot - ParameterLayout.FIRST_LAYER) % ParameterLayout.PER_LAYER;
  }
}
