package dev.coppice.moe.anatomy;

import java.util.Optional;
import java.util.OptionalInt;

/**
 * Where a tensor stands in a model, and what it is there.
 *
 * @param region layer, next-token-prediction layer, or neither
 * @param container prefix of its name, with {@code {layer}}; empty outside layers
 * @param layer index of the layer within its region; 0 outside layers
 * @param base what is added to the index in the name
 * @param name rest of its name, with {@code {expert}} for the expert
 * @param part role beside the experts, if any
 */
public record TensorSite(
    Region region, String container, int layer, int base, String name, Optional<PartSite> part) {

  /** Which part of the model a tensor belongs to. */
  public enum Region {
    /** No layer: embeddings, final norm, head, other towers. */
    MODEL,
    /** A layer of the decoder. */
    LAYER,
    /** A next-token-prediction layer, or what belongs to them. */
    MTP
  }

  /**
   * The role of a tensor beside its layer's experts.
   *
   * @param part its part
   * @param form how experts lie in it
   * @param expert whose it is, where each has its own
   * @param suffix what follows the part's name where that is open, such as {@code weight}
   */
  public record PartSite(Part part, Form form, OptionalInt expert, String suffix) {}

  /** A tensor of no layer. */
  static TensorSite ofModel(Region region, String name) {
    return new TensorSite(region, "", 0, 0, name, Optional.empty());
  }

  /** Whether it stands in a layer of the decoder. */
  public boolean inLayer() {
    return region == Region.LAYER;
  }

  /** Whether it is that part. */
  public boolean is(Part wanted) {
    return part.filter(site -> site.part() == wanted).isPresent();
  }

  /** Its expert, where each expert has its own. */
  public OptionalInt expert() {
    return part.map(PartSite::expert).orElse(OptionalInt.empty());
  }

  /** The same tensor of another layer. */
  public TensorSite inLayer(int index) {
    return new TensorSite(region, container, index, base, name, part);
  }

  /** The same tensor in a model whose next-token-prediction layers are counted from there. */
  public TensorSite withBase(int newBase) {
    return new TensorSite(region, container, layer, newBase, name, part);
  }

  /** The same tensor of another expert. */
  public TensorSite ofExpert(int index) {
    return new TensorSite(
        region,
        container,
        layer,
        base,
        name,
        part.map(
            site -> new PartSite(site.part(), site.form(), OptionalInt.of(index), site.suffix())));
  }

  /** Its full name. */
  public String fullName() {
    StringBuilder full = new StringBuilder(container.length() + name.length() + 8);
    append(full, container, "{layer}", base + layer);
    append(full, name, "{expert}", expert().orElse(0));
    return full.toString();
  }

  private static void append(StringBuilder full, String template, String mark, int number) {
    int at = template.indexOf(mark);
    if (at < 0) {
      full.append(template);
      return;
    }
    full.append(template, 0, at)
        .append(number)
        .append(template, at + mark.length(), template.length());
  }

  /** The layer by which its random numbers are keyed; no two layers share one. */
  public OptionalInt noiseLayer() {
    return switch (region) {
      case MODEL -> OptionalInt.empty();
      case LAYER -> OptionalInt.of(layer);
      case MTP -> OptionalInt.of(-2 - layer);
    };
  }
}
