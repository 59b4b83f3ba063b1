package dev.coppice.moe.anatomy;

import com.google.common.collect.ImmutableList;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * Finds the layer of a tensor by its name: the family's prefixes, and the usual ones of
 * next-token-prediction layers, which some files have in any family.
 */
final class Containers {
  /** A segment {@code mtp} or {@code mtp_block}, maybe {@code layers}, then an index. */
  private static final Pattern USUAL_MTP =
      Pattern.compile("((?:\\w+\\.)*?mtp(?:_\\w+)?\\.(?:layers\\.)?)(0|[1-9]\\d{0,8})\\.(.*)");

  private static final Pattern OTHER_MTP = Pattern.compile("(?:\\w+\\.)*?mtp(?:_\\w+)?\\..*");

  private final FamilyTraits traits;
  private final int layers;
  private final boolean afterLayers;
  private final ImmutableList<Container> containers;

  /** A container's prefix, in two halves around the layer. */
  private record Container(String template, String before, String after, boolean mtp) {
    static Container of(String template, boolean mtp) {
      int at = template.indexOf("{layer}");
      return new Container(
          template, template.substring(0, at), template.substring(at + "{layer}".length()), mtp);
    }
  }

  /**
   * Where a name stands.
   *
   * @param template prefix of the name, with {@code {layer}}
   * @param index the index in the name
   * @param mtp whether that is a next-token-prediction layer
   * @param base what is added to the layer's own index
   * @param rest the name behind the prefix
   */
  record Place(String template, int index, boolean mtp, int base, String rest) {
    /** Index of the layer among its kind. */
    int layer() {
      return index - base;
    }
  }

  /**
   * The containers of a family.
   *
   * @param traits how the family says things
   * @param layers number of layers of the decoder
   */
  Containers(FamilyTraits traits, int layers) {
    this.traits = traits;
    this.layers = layers;
    this.afterLayers = traits.mtpAfterLayers();
    ImmutableList.Builder<Container> all = ImmutableList.builder();
    // a prefix of next-token-prediction layers may be the longer one
    traits.mtp().stream()
        .filter(mtp -> !Boolean.TRUE.equals(mtp.afterLayers()))
        .flatMap(mtp -> mtp.containers().stream())
        .forEach(template -> all.add(Container.of(template, true)));
    traits.containers().forEach(template -> all.add(Container.of(template, false)));
    this.containers = all.build();
  }

  /** Where a name stands; empty where it is of no layer. */
  Optional<Place> find(String name) {
    for (Container container : containers) {
      if (name.startsWith(container.before())) {
        int from = container.before().length();
        int end = SiteFinder.endOfNumber(name, from);
        if (end > from && name.startsWith(container.after(), end)) {
          int index = Integer.parseInt(name, from, end, 10);
          String rest = name.substring(end + container.after().length());
          return Optional.of(place(container, index, rest));
        }
      }
    }
    return name.contains("mtp") ? usual(name) : Optional.empty();
  }

  private Place place(Container container, int index, String rest) {
    boolean after = !container.mtp() && afterLayers && index >= layers;
    return new Place(
        container.template(), index, container.mtp() || after, after ? layers : 0, rest);
  }

  private static Optional<Place> usual(String name) {
    Matcher usual = USUAL_MTP.matcher(name);
    if (!usual.matches()) {
      return Optional.empty();
    }
    return Optional.of(
        new Place(
            usual.group(1) + "{layer}.",
            Integer.parseInt(usual.group(2)),
            true,
            0,
            usual.group(3)));
  }

  /** Whether a tensor of no layer belongs to next-token prediction. */
  boolean isOfMtp(String name) {
    return traits.mtp().stream().anyMatch(m -> Glob.matchesAny(m.others(), name))
        || (name.contains("mtp") && OTHER_MTP.matcher(name).matches());
  }
}
