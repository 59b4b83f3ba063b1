package dev.coppice.growth.advice;

import static com.google.common.base.Preconditions.checkArgument;

import com.google.common.collect.ImmutableList;
import dev.coppice.growth.plan.GrowthOperator;
import java.util.Optional;

/**
 * Whether and how a checkpoint should grow.
 *
 * @param findings judgements, in the order in which they bear on each other
 * @param sizes what the growths would make of it; the first is the checkpoint itself
 * @param recommendation what to do
 */
public record Advice(
    ImmutableList<Finding> findings,
    ImmutableList<GrownSize> sizes,
    Recommendation recommendation) {

  /**
   * One size on offer.
   *
   * @param name {@code source}, {@code depth}, {@code width} or {@code both}
   * @param parameters all; 0 where refused
   * @param active for one token; 0 where refused
   * @param refusal why the family cannot grow so; empty where it can
   */
  public record GrownSize(String name, long parameters, long active, String refusal) {
    /** Whether the growth is possible. */
    public boolean possible() {
      return refusal.isEmpty();
    }
  }

  /**
   * The recommendation.
   *
   * @param operator the growth; empty where none is possible
   * @param command the command line that does it; empty where none is possible
   * @param reason why this one
   */
  public record Recommendation(Optional<GrowthOperator> operator, String command, String reason) {}

  /**
   * The finding of a topic.
   *
   * @throws IllegalArgumentException if there is none
   */
  public Finding finding(String topic) {
    Optional<Finding> found = findings.stream().filter(f -> f.topic().equals(topic)).findFirst();
    checkArgument(found.isPresent(), "topic must be one of the advice's, got '%s'", topic);
    return found.get();
  }

  /**
   * The size of a name.
   *
   * @throws IllegalArgumentException if there is none
   */
  public GrownSize size(String name) {
    Optional<GrownSize> found = sizes.stream().filter(s -> s.name().equals(name)).findFirst();
    checkArgument(found.isPresent(), "size must be one of the advice's, got '%s'", name);
    return found.get();
  }
}
