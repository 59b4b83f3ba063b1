package dev.coppice.train.metrics;

import static com.google.common.base.Preconditions.checkArgument;

import com.google.common.collect.ImmutableSortedMap;
import java.util.regex.Pattern;

/**
 * Something that happened in a run beside its steps.
 *
 * @param step where the run stands after the event; 0 before the first step
 * @param kind what happened, in lower-case letters and underscores; one of the constants, or new
 * @param message a sentence for people
 * @param values numbers that belong to it, by name; not finite ones are kept as NaN
 */
public record RunEvent(
    long step, String kind, String message, ImmutableSortedMap<String, Double> values) {
  /** The run was begun, with these settings. */
  public static final String STARTED = "started";

  /** The run went on from a checkpoint. */
  public static final String RESUMED = "resumed";

  /** A checkpoint is whole and on disk. */
  public static final String SAVED = "saved";

  /** A checkpoint could not be written. */
  public static final String SAVE_FAILED = "save_failed";

  /** A damaged checkpoint was set aside. */
  public static final String QUARANTINED = "quarantined";

  /** A step ended without an update. */
  public static final String SKIPPED = "skipped";

  /** A loss or gradient stood out. */
  public static final String SPIKE = "spike";

  /** The run went back to an older state. */
  public static final String ROLLED_BACK = "rolled_back";

  /**
   * Held-out text was scored; each value becomes a curve {@code eval/NAME}. Of several sources,
   * {@code loss/SOURCE} and {@code bits_per_byte/SOURCE} are those of each.
   */
  public static final String EVALUATED = "evaluated";

  /** The run was stopped before its budget was spent. */
  public static final String STOPPED = "stopped";

  /** The budget is spent. */
  public static final String FINISHED = "finished";

  /** Anything else that someone should know. */
  public static final String WARNING = "warning";

  private static final Pattern KIND = Pattern.compile("[a-z][a-z_]{0,39}");

  /** Checks step and kind. */
  public RunEvent {
    checkArgument(step >= 0, "event step must not be negative, got %s (%s)", step, kind);
    checkArgument(
        KIND.matcher(kind).matches(), "event kind must match %s, got %s", KIND.pattern(), kind);
  }

  /**
   * An event without numbers.
   *
   * @param step where the run stands
   * @param kind what happened
   * @param message a sentence for people
   */
  public static RunEvent of(long step, String kind, String message) {
    return new RunEvent(step, kind, message, ImmutableSortedMap.of());
  }
}
