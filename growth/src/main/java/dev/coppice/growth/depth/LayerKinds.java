package dev.coppice.growth.depth;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.IntNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import com.google.common.collect.ImmutableList;
import dev.coppice.moe.anatomy.Anatomy;
import dev.coppice.moe.anatomy.ConfigPath;
import dev.coppice.moe.anatomy.ConfigView;
import dev.coppice.moe.anatomy.FamilyTraits;
import dev.coppice.moe.anatomy.KindRule;
import dev.coppice.moe.anatomy.LayerReader;
import dev.coppice.moe.anatomy.LayerShape;
import java.util.List;
import java.util.stream.IntStream;

/**
 * Rewrites the rules by which a configuration says which layers hold experts, so that they say it
 * of the grown layers. Lists are repeated elsewhere; a rule that cannot be rewritten is left as it
 * is, for the final comparison to check.
 */
final class LayerKinds {
  /** Names of a layer without experts in lists of layer types. */
  private static final String DENSE = "dense";

  private final ObjectNode root;
  private final Anatomy anatomy;
  private final ImmutableList<Boolean> wanted;
  private final ConfigView old;

  /**
   * A rewriting.
   *
   * @param root the new configuration of the language model, changed in place
   * @param anatomy the model before growth
   * @param map which source layer stands where
   */
  LayerKinds(ObjectNode root, Anatomy anatomy, LayerMap map) {
    this.root = root;
    this.anatomy = anatomy;
    this.old = anatomy.config();
    this.wanted = map.map(anatomy.layers().stream().map(LayerShape::moe).toList());
  }

  /** Counts of dense layers and ends of ranges. */
  void rewriteCounts() {
    for (ImmutableList<KindRule> alternative : anatomy.traits().kinds()) {
      alternative.forEach(this::rewrite);
    }
  }

  /** Lists layers one by one where counts cannot say which hold experts. */
  void listWhereNeeded() {
    if (!says()) {
      list();
    }
  }

  private void rewrite(KindRule rule) {
    if (rule instanceof KindRule.Prefix prefix && rule.applies(old)) {
      int dense = wanted.indexOf(true);
      int first = dense < 0 ? wanted.size() : dense;
      boolean deciding = old.count(prefix.key()) == leadingDense();
      if (deciding && first != old.count(prefix.key())) {
        set(prefix.key(), first);
      }
    } else if (rule instanceof KindRule.Range range && rule.applies(old)) {
      rewrite(range);
    }
  }

  private int leadingDense() {
    List<Boolean> before = anatomy.layers().stream().map(LayerShape::moe).toList();
    int first = before.indexOf(true);
    return first < 0 ? before.size() : first;
  }

  private void rewrite(KindRule.Range range) {
    int first = wanted.indexOf(true);
    int last = wanted.lastIndexOf(true);
    if (first < 0) {
      return;
    }
    if (first != old.count(range.start())) {
      set(range.start(), first);
    }
    int before = old.value(range.end()).asInt(-1);
    boolean open = before < 0 && last == wanted.size() - 1;
    if (!open && before != last) {
      set(range.end(), last);
    }
  }

  private void set(String key, int value) {
    ConfigPath.set(root, key, IntNode.valueOf(value));
  }

  /** Whether the rules say what is wanted. */
  private boolean says() {
    FamilyTraits traits = anatomy.traits();
    return new LayerReader(traits, ConfigView.of(root, traits)).kinds().equals(wanted);
  }

  /** Lists layers by index, where the family has such a list, and stills the steps beside it. */
  private void list() {
    for (ImmutableList<KindRule> alternative : anatomy.traits().kinds()) {
      for (KindRule rule : alternative) {
        if (rule instanceof KindRule.DenseIndices dense) {
          ConfigPath.set(root, dense.key(), indices(false));
        } else if (rule instanceof KindRule.MoeIndices moe) {
          ConfigPath.set(root, moe.key(), indices(true));
        } else if (rule instanceof KindRule.Types types && !old.has(types.key())) {
          ConfigPath.set(root, types.key(), types(types));
        } else if (rule instanceof KindRule.Step step
            && alternative.stream().anyMatch(KindRule.DenseIndices.class::isInstance)) {
          set(step.key(), 1);
        }
      }
    }
  }

  private ArrayNode types(KindRule.Types types) {
    ArrayNode array = JsonNodeFactory.instance.arrayNode();
    wanted.forEach(moe -> array.add(moe ? types.moe().get(0) : DENSE));
    return array;
  }

  private ArrayNode indices(boolean moe) {
    ArrayNode array = JsonNodeFactory.instance.arrayNode();
    IntStream.range(0, wanted.size()).filter(i -> wanted.get(i) == moe).forEach(array::add);
    return array;
  }
}
