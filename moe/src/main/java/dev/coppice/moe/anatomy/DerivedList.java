package dev.coppice.moe.anatomy;

import com.fasterxml.jackson.databind.JsonNode;
import com.google.common.collect.ImmutableList;
import dev.coppice.moe.anatomy.RouterTraits.Condition;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * A per-layer list that readers make up where a configuration lacks it.
 *
 * <p>Entry i is that of {@code first} below its count, that of {@code last} from its start on, and
 * else {@code value} where {@code max(i + 1 - shift, 0)} is a multiple of {@code every}, {@code
 * otherwise} elsewhere. Numbers may be given as keys that hold them.
 *
 * @param key where the list would stand
 * @param every the period; empty for one
 * @param shift how far the period is moved; empty for zero
 * @param value the entry at multiples
 * @param otherwise the entry elsewhere
 * @param first leading entries; at most one rule
 * @param last trailing entries; at most one rule
 * @param when where readers make the list up; at most one condition
 * @param unless where they do not; at most one condition
 * @param readers programs that go by the period even where the list is there
 */
public record DerivedList(
    String key,
    String every,
    String shift,
    JsonNode value,
    @Nullable JsonNode otherwise,
    ImmutableList<First> first,
    ImmutableList<Last> last,
    ImmutableList<Condition> when,
    ImmutableList<Condition> unless,
    ImmutableList<String> readers) {

  /**
   * Leading entries.
   *
   * @param count how many
   * @param value what they are
   */
  public record First(String count, JsonNode value) {}

  /**
   * Trailing entries.
   *
   * @param from the first of them
   * @param value what they are
   */
  public record Last(String from, JsonNode value) {}

  /** Whether readers make the list up: the file lacks it, or has it empty. */
  boolean applies(ConfigView config) {
    JsonNode written = ConfigPath.get(config.root(), key);
    return (written.isMissingNode() || written.isEmpty())
        && when.stream().allMatch(condition -> condition.holds(config))
        && unless.stream().noneMatch(condition -> condition.holds(config))
        && number(config, every, 1).filter(period -> period > 0).isPresent();
  }

  /** A list that repeats by a key alone. */
  static DerivedList periodic(String key, String every, JsonNode value, JsonNode otherwise) {
    return new DerivedList(
        key,
        every,
        "",
        value,
        otherwise,
        ImmutableList.of(),
        ImmutableList.of(),
        ImmutableList.of(),
        ImmutableList.of(),
        ImmutableList.of());
  }

  /** After how many layers it repeats; 1 where it does not. */
  public int period(ConfigView config) {
    return otherwise == null ? 1 : number(config, every, 1).orElse(1);
  }

  /** Whether the period stands under a key, which may then be at odds with the list. */
  public boolean hasKey() {
    return !every.isEmpty() && !every.chars().allMatch(Character::isDigit);
  }

  /** The entry of a layer. */
  public JsonNode entry(ConfigView config, int layer) {
    for (First rule : first) {
      if (layer < number(config, rule.count(), 0).orElse(0)) {
        return rule.value();
      }
    }
    for (Last rule : last) {
      if (layer >= number(config, rule.from(), Integer.MAX_VALUE).orElse(Integer.MAX_VALUE)) {
        return rule.value();
      }
    }
    int moved = Math.max(layer + 1 - number(config, shift, 0).orElse(0), 0);
    boolean multiple = moved % number(config, every, 1).orElse(1) == 0;
    return multiple || otherwise == null ? value : otherwise;
  }

  /** A number, or the value of the key of that name; empty where that has none. */
  private static Optional<Integer> number(ConfigView config, String numberOrKey, int absent) {
    if (numberOrKey.isEmpty()) {
      return Optional.of(absent);
    }
    if (numberOrKey.chars().allMatch(Character::isDigit)) {
      return Optional.of(Integer.parseInt(numberOrKey));
    }
    JsonNode value = config.value(numberOrKey);
    return value.isInt() ? Optional.of(value.intValue()) : Optional.empty();
  }
}
