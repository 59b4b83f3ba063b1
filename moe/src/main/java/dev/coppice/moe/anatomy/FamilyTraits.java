package dev.coppice.moe.anatomy;

import com.fasterxml.jackson.databind.JsonNode;
import com.google.common.collect.ImmutableList;
import com.google.common.collect.ImmutableMap;

/**
 * The traits of a family for growth: how its configuration says things, and what its tensors are
 * called. Read from the {@code growth} object of a family's JSON file.
 *
 * @param layers names of the layer count
 * @param layerPattern names of a list or string whose length is the layer count, where there is one
 * @param hidden names of the model width
 * @param experts names of the expert count; a number, or a list with an entry a layer
 * @param topK names of the experts chosen for a token; likewise
 * @param identityExperts name of the count of experts without weights; empty for none
 * @param defaults values of keys that a configuration leaves out
 * @param containers prefixes of the names of layer tensors, with {@code {layer}}
 * @param kinds which layers hold experts: alternatives, the first that applies decides; each a
 *     conjunction. Empty: all layers do
 * @param derivedLists per-layer lists that readers make up when they are left out
 * @param indexLists lists of layer indices that their name alone does not give away
 * @param layerLists lists or strings whose first entries are per layer, and which may be longer
 * @param notLayers lists that are never per layer, whatever their length
 * @param prefixes names of counts of leading layers
 * @param periodic other rules that repeat over the layers and that no list can replace
 * @param router how experts are chosen
 * @param parts tensors that width growth touches
 * @param block prefixes under which an unknown tensor forbids width growth
 * @param fixed patterns of known tensors under those prefixes that width growth leaves alone
 * @param zero patterns of tensors that are zero in a layer that starts as identity
 * @param mtp next-token-prediction layers; at most one description
 * @param embedding full names of the input embedding
 * @param head full names of the output projection
 * @param idle patterns of tensors that no text token is multiplied with
 * @param refuses operators that the family cannot have ({@code width}, {@code depth}, {@code
 *     identity}), with the reason
 * @param refusesIf operators that the family cannot have where a per-layer list holds some entry
 * @param uniform whether layers of one kind hold the same tensors
 */
public record FamilyTraits(
    ImmutableList<String> layers,
    ImmutableList<String> layerPattern,
    ImmutableList<String> hidden,
    ImmutableList<String> experts,
    ImmutableList<String> topK,
    String identityExperts,
    ImmutableMap<String, JsonNode> defaults,
    ImmutableList<String> containers,
    ImmutableList<ImmutableList<KindRule>> kinds,
    ImmutableList<DerivedList> derivedLists,
    ImmutableList<IndexList> indexLists,
    ImmutableList<String> layerLists,
    ImmutableList<String> notLayers,
    ImmutableList<String> prefixes,
    ImmutableList<Periodic> periodic,
    RouterTraits router,
    ImmutableList<PartRule> parts,
    ImmutableList<String> block,
    ImmutableList<String> fixed,
    ImmutableList<String> zero,
    ImmutableList<Mtp> mtp,
    ImmutableList<String> embedding,
    ImmutableList<String> head,
    ImmutableList<String> idle,
    ImmutableMap<String, String> refuses,
    ImmutableList<ConditionalRefusal> refusesIf,
    Boolean uniform) {

  /**
   * A list of layer indices.
   *
   * @param key where it stands
   * @param base index of the first layer
   */
  public record IndexList(String key, int base) {}

  /**
   * A rule that repeats: it holds for layer i if i modulo period is the offset.
   *
   * @param period key of the period
   * @param offset key of the offset
   */
  public record Periodic(String period, String offset) {}

  /**
   * Next-token-prediction layers, which stand beside the model's own.
   *
   * @param containers prefixes of their tensors' names, with {@code {layer}}
   * @param afterLayers whether their index continues from the layer count
   * @param marks patterns of tensors that only such a layer has; without one, a layer behind the
   *     layer count is one too many
   * @param count names of their number
   * @param assumed their number where the configuration says nothing
   * @param blocks names of the list or string with an entry for each layer of tensors that the
   *     number counts as one; without it, each layer counts
   * @param others patterns of tensors of theirs that belong to no layer
   */
  public record Mtp(
      ImmutableList<String> containers,
      Boolean afterLayers,
      ImmutableList<String> marks,
      ImmutableList<String> count,
      int assumed,
      ImmutableList<String> blocks,
      ImmutableList<String> others) {
    /** Traits of next-token-prediction layers whose index continues from the layer count. */
    private static final ImmutableList<String> USUAL_MARKS =
        ImmutableList.of("eh_proj.*", "enorm.*", "hnorm.*");

    /** Whether only a next-token-prediction layer has a tensor of that name. */
    boolean isMark(String nameInLayer) {
      return Glob.matchesAny(marks.isEmpty() ? USUAL_MARKS : marks, nameInLayer);
    }
  }

  /** Whether the index of next-token-prediction layers continues from the layer count. */
  public boolean mtpAfterLayers() {
    return mtp.stream().anyMatch(layers -> Boolean.TRUE.equals(layers.afterLayers()));
  }

  /**
   * An operator that the family cannot have where a per-layer list holds some entry.
   *
   * @param operator {@code width}, {@code depth} or {@code identity}
   * @param key where the list stands
   * @param contains the entry
   * @param reason a clause that says why
   */
  public record ConditionalRefusal(String operator, String key, String contains, String reason) {}

  /**
   * A tensor that width growth touches.
   *
   * @param part what it is
   * @param name its name behind the container; {@code {expert}} is an index, a last {@code *} any
   *     rest
   * @param form how a fused tensor lies; empty for one expert's own
   */
  public record PartRule(Part part, String name, String form) {}
}
