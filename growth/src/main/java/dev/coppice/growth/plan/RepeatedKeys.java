package dev.coppice.growth.plan;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import com.google.common.collect.ImmutableList;
import com.google.common.collect.ImmutableSet;
import dev.coppice.moe.anatomy.ConfigPath;
import dev.coppice.moe.anatomy.ConfigView;
import dev.coppice.moe.anatomy.FamilyTraits;
import java.util.Optional;

/**
 * Carries what an operator changed in a nested configuration of the language model to where the
 * file says the same once more: at the top, or in another nested object.
 *
 * <p>A key is repeated where it has the value that it had inside. Of counts any usual name is taken
 * for the same.
 */
final class RepeatedKeys {
  private final ObjectNode old;
  private final ObjectNode grown;
  private final ImmutableList<ImmutableSet<String>> counts;

  private RepeatedKeys(ObjectNode old, ObjectNode grown, FamilyTraits traits) {
    this.old = old;
    this.grown = grown;
    this.counts =
        ImmutableList.of(
            names(traits.layers(), ConfigCounts.LAYERS),
            names(traits.experts(), ConfigCounts.EXPERTS),
            names(traits.topK(), ConfigCounts.TOP_K));
  }

  private static ImmutableSet<String> names(
      ImmutableList<String> own, ImmutableList<String> usual) {
    return ImmutableSet.<String>builder().addAll(own).addAll(usual).build();
  }

  /**
   * Lets repeated keys follow, in place.
   *
   * @param before the whole configuration before the operator
   * @param after the whole configuration after it
   * @param traits how the family says things
   */
  static void follow(ObjectNode before, ObjectNode after, FamilyTraits traits) {
    if (!ConfigView.isNested(after, traits)) {
      return;
    }
    ObjectNode inside = ConfigView.root(after, traits);
    RepeatedKeys keys = new RepeatedKeys(ConfigView.root(before, traits), inside, traits);
    keys.follow(after);
    for (String key : ConfigView.NESTED) {
      if (after.get(key) instanceof ObjectNode other && !other.equals(inside)) {
        keys.follow(other);
      }
    }
  }

  private void follow(ObjectNode target) {
    for (String key : ImmutableList.copyOf(target::fieldNames)) {
      JsonNode value = target.get(key);
      inside(key)
          .filter(name -> old.path(name).equals(value))
          .ifPresent(name -> set(target, key, name));
    }
  }

  /** The key inside that says the same. */
  private Optional<String> inside(String key) {
    if (old.has(key)) {
      return Optional.of(key);
    }
    return counts.stream()
        .filter(names -> names.contains(key))
        .flatMap(ImmutableSet::stream)
        .filter(name -> !ConfigPath.get(old, name).isMissingNode() && old.has(name))
        .findFirst();
  }

  private void set(ObjectNode target, String key, String name) {
    JsonNode value = grown.get(name);
    if (value == null) {
      target.remove(key);
    } else {
      target.set(key, value);
    }
  }
}
