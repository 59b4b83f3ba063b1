package dev.coppice.moe.anatomy;

import com.fasterxml.jackson.annotation.JsonCreator;
import com.fasterxml.jackson.annotation.JsonProperty;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.NullNode;
import com.google.common.collect.ImmutableList;
import com.google.common.collect.ImmutableMap;
import java.util.Optional;

/**
 * How a family's router chooses and weighs experts.
 *
 * @param scoring how logits become scores
 * @param renormalize {@code always}, {@code never}, or the key that says whether the chosen scores
 *     are divided by their sum
 * @param normPower key of the norm that they are divided by instead of the sum; empty for none
 * @param scale key of the factor on the mixture's output; empty for none
 * @param groups limits on groups of experts; at most one
 */
public record RouterTraits(
    @JsonProperty("score") Scoring scoring,
    String renormalize,
    String normPower,
    String scale,
    ImmutableList<Groups> groups) {

  /** How logits become scores. */
  public enum Score {
    /** Softmax over all experts, then the K largest. */
    SOFTMAX("softmax"),
    /** The K largest logits, then softmax over them. */
    TOPK_SOFTMAX("topk_softmax"),
    /** The logistic function of each. */
    SIGMOID("sigmoid"),
    /** The square root of the softplus of each. */
    SQRT_SOFTPLUS("sqrtsoftplus"),
    /** The logistic function of the chosen, on the expert's input (Llama 4). */
    SIGMOID_INPUT("sigmoid_input"),
    /** Two experts by a sampler with a hard-wired threshold (Phi). */
    SPARSEMIXER("sparsemixer");

    private final String name;

    Score(String name) {
      this.name = name;
    }

    private static Score named(String name) {
      for (Score score : values()) {
        if (score.name.equals(name)) {
          return score;
        }
      }
      throw new IllegalArgumentException("score must be a known one, got '" + name + "'");
    }

    /** Whether scores share a sum of one, so that doubling the experts halves them. */
    public boolean shared() {
      return this == SOFTMAX || this == TOPK_SOFTMAX;
    }
  }

  /**
   * How logits become scores, where a key may choose.
   *
   * @param key the key; empty where the family has one way
   * @param values the ways by the key's value; the one way under the empty name
   */
  public record Scoring(String key, ImmutableMap<String, Score> values) {
    /** One way, by its name; or a key and the name of a way for each of its values. */
    @JsonCreator(mode = JsonCreator.Mode.DELEGATING)
    static Scoring of(JsonNode node) {
      if (node.isTextual()) {
        return new Scoring("", ImmutableMap.of("", Score.named(node.textValue())));
      }
      ImmutableMap.Builder<String, Score> values = ImmutableMap.builder();
      node.path("values")
          .properties()
          .forEach(way -> values.put(way.getKey(), Score.named(way.getValue().asText())));
      return new Scoring(node.path("key").asText(), values.buildOrThrow());
    }
  }

  /**
   * A limit on groups of neighbouring experts.
   *
   * @param score how a group is scored: {@code max} of its experts, or the sum of its {@code top2}
   * @param count key of the number of groups
   * @param chosen key of the number that stay in
   * @param when where the limit holds; at most one
   */
  public record Groups(String score, String count, String chosen, ImmutableList<Condition> when) {}

  /**
   * A condition on the configuration.
   *
   * @param key key
   * @param values what it must hold one of
   */
  public record Condition(String key, ImmutableList<JsonNode> values) {
    /** Whether it holds. */
    public boolean holds(ConfigView config) {
      JsonNode value = config.value(key);
      return values.contains(value.isMissingNode() ? NullNode.getInstance() : value);
    }
  }

  /** How logits become scores; empty where the configuration chooses an unknown way. */
  public Optional<Score> score(ConfigView config) {
    String chosen = scoring.key().isEmpty() ? "" : config.value(scoring.key()).asText();
    return Optional.ofNullable(scoring.values().get(chosen));
  }

  /** Whether the chosen scores are divided by their sum. */
  public boolean renormalizes(ConfigView config) {
    return switch (renormalize) {
      case "always" -> true;
      case "never" -> false;
      default -> config.value(renormalize).asBoolean(false);
    };
  }

  /** The groups that really limit the choice: more than one of them, and not all chosen. */
  public ImmutableList<Groups> activeGroups(ConfigView config) {
    return groups.stream()
        .filter(group -> group.when().stream().allMatch(condition -> condition.holds(config)))
        .filter(group -> config.value(group.count()).asInt(1) > 1)
        .collect(ImmutableList.toImmutableList());
  }
}
