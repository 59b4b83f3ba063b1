package dev.coppice.moe.anatomy;

import com.google.common.collect.ImmutableList;
import dev.coppice.moe.anatomy.FamilyTraits.PartRule;
import dev.coppice.moe.anatomy.TensorSite.PartSite;
import dev.coppice.moe.anatomy.TensorSite.Region;
import dev.coppice.moe.safetensors.TensorSlot;
import java.util.Collection;
import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentMap;

/**
 * Finds where tensors stand by their names: container, layer, and the rule of the part that fits.
 *
 * <p>Names differ in their numbers only, so the rules are tried once for each name without them;
 * and what stands behind the layer is the same in most layers, so it is taken apart once. Any
 * number of threads may search at once.
 */
final class SiteFinder {
  private static final String NUMBER = "#";
  private static final String EXPERT = "{expert}";

  private final FamilyTraits traits;
  private final ImmutableList<LayerShape> layers;
  private final long hidden;
  private final ConcurrentMap<String, ImmutableList<Match>> matches = new ConcurrentHashMap<>();
  private final ConcurrentMap<String, InLayer> known = new ConcurrentHashMap<>();

  /** A rule that fits a name, and which of the name's numbers is the expert. */
  private record Match(PartRule rule, int expertNumber, String suffix) {}

  /**
   * What a tensor is within any layer of so many experts.
   *
   * @param experts experts of the layer
   * @param shape the tensor's extents
   * @param name its name behind the layer, with {@code {expert}} for the expert
   * @param part role beside the experts
   */
  private record InLayer(
      int experts, ImmutableList<Long> shape, String name, Optional<PartSite> part) {
    boolean holdsFor(TensorSlot slot, int others) {
      return experts == others && shape.equals(slot.shape());
    }
  }

  private final Containers containers;

  SiteFinder(FamilyTraits traits, ImmutableList<LayerShape> layers, long hidden) {
    this.traits = traits;
    this.layers = layers;
    this.hidden = hidden;
    this.containers = new Containers(traits, layers.size());
  }

  TensorSite find(TensorSlot slot) {
    String name = slot.name();
    Optional<Containers.Place> found = containers.find(name);
    if (found.isEmpty()) {
      return TensorSite.ofModel(containers.isOfMtp(name) ? Region.MTP : Region.MODEL, name);
    }
    Containers.Place place = found.get();
    Region region = place.mtp() ? Region.MTP : Region.LAYER;
    InLayer behind = behindLayer(slot, place.rest(), experts(region, place.index()));
    return new TensorSite(
        region, place.template(), place.layer(), place.base(), behind.name(), behind.part());
  }

  private InLayer behindLayer(TensorSlot slot, String rest, int experts) {
    InLayer same = known.get(rest);
    if (same != null && same.holdsFor(slot, experts)) {
      return same;
    }
    Optional<PartSite> part = part(slot, rest, experts);
    String name =
        part.isPresent() && part.get().expert().isPresent()
            ? withoutExpert(rest, part.get())
            : rest;
    InLayer found = new InLayer(experts, slot.shape(), name, part);
    known.put(rest, found);
    return found;
  }

  /** E of a layer; that of any layer with experts for next-token-prediction layers. */
  private int experts(Region region, int layer) {
    if (region == Region.LAYER && layer < layers.size() && layers.get(layer).moe()) {
      return layers.get(layer).experts();
    }
    return layers.stream()
        .filter(LayerShape::moe)
        .mapToInt(LayerShape::experts)
        .findFirst()
        .orElse(0);
  }

  private Optional<PartSite> part(TensorSlot slot, String rest, int experts) {
    ImmutableList<Match> found = matches.computeIfAbsent(withoutNumbers(rest), this::matches);
    for (Match match : found) {
      Form form = Form.named(match.rule().form());
      if (experts > 0 && form.fits(slot, experts, hidden)) {
        OptionalInt expert =
            match.expertNumber() < 0
                ? OptionalInt.empty()
                : OptionalInt.of(number(rest, match.expertNumber()));
        return Optional.of(new PartSite(part(match), form, expert, match.suffix()));
      }
    }
    if (!found.isEmpty() && experts > 0) {
      // let the check of extents name the fault
      Match first = found.get(0);
      return Optional.of(
          new PartSite(part(first), Form.named(first.rule().form()), OptionalInt.empty(), "?"));
    }
    return Optional.empty();
  }

  /** What stands beside a weight is a bias, or belongs to its packed form. */
  private static Part part(Match match) {
    Part part = match.rule().part();
    boolean matrix =
        part == Part.GATE || part == Part.UP || part == Part.DOWN || part == Part.GATE_UP;
    if (!matrix || match.suffix().isEmpty() || match.suffix().equals("weight")) {
      return part;
    }
    return match.suffix().equals("bias") ? Part.EXPERT_BIAS : Part.QUANTIZED;
  }

  /** Where every tensor stands, in their order; on all cores, since there may be many. */
  ImmutableList<TensorSite> findAll(Collection<TensorSlot> slots) {
    return slots.parallelStream().map(this::find).collect(ImmutableList.toImmutableList());
  }

  private ImmutableList<Match> matches(String pattern) {
    ImmutableList.Builder<Match> found = ImmutableList.builder();
    for (PartRule rule : traits.parts()) {
      String template = rule.name().replace(EXPERT, NUMBER);
      boolean open = template.endsWith("*");
      String head = open ? template.substring(0, template.length() - 1) : template;
      if (open ? pattern.startsWith(head) : pattern.equals(head)) {
        int at = rule.name().indexOf(EXPERT);
        int before =
            at < 0 ? -1 : (int) rule.name().substring(0, at).chars().filter(c -> c == '#').count();
        found.add(new Match(rule, before, open ? pattern.substring(head.length()) : ""));
      }
    }
    return found.build();
  }

  /** The name with each number between dots replaced by a mark. */
  private static String withoutNumbers(String name) {
    StringBuilder pattern = new StringBuilder(name.length());
    int at = 0;
    while (at < name.length()) {
      int end = endOfNumber(name, at);
      boolean whole = end > at && (end == name.length() || name.charAt(end) == '.');
      if (whole) {
        pattern.append(NUMBER);
      } else {
        end = name.indexOf('.', at) < 0 ? name.length() : name.indexOf('.', at);
        pattern.append(name, at, end);
      }
      if (end < name.length()) {
        pattern.append('.');
      }
      at = end + 1;
    }
    return pattern.toString();
  }

  /** Number {@code which} of those that stand whole between dots. */
  private static int number(String name, int which) {
    int at = start(name, which);
    return Integer.parseInt(name, at, endOfNumber(name, at), 10);
  }

  private static int start(String name, int which) {
    int left = which;
    int at = 0;
    while (true) {
      int end = endOfNumber(name, at);
      boolean whole = end > at && (end == name.length() || name.charAt(end) == '.');
      if (whole && left-- == 0) {
        return at;
      }
      at = name.indexOf('.', at) + 1;
    }
  }

  private static String withoutExpert(String name, PartSite part) {
    String digits = Integer.toString(part.expert().orElseThrow());
    int at = 0;
    while (true) {
      int end = endOfNumber(name, at);
      if (name.substring(at, end).equals(digits)) {
        return name.substring(0, at) + EXPERT + name.substring(end);
      }
      at = name.indexOf('.', at) + 1;
    }
  }

  /** End of the canonical number that begins there; the beginning itself where there is none. */
  static int endOfNumber(String name, int from) {
    int end = from;
    while (end < name.length() && name.charAt(end) >= '0' && name.charAt(end) <= '9') {
      end++;
    }
    boolean canonical =
        end - from <= 9 && (end - from == 1 || (end > from && name.charAt(from) != '0'));
    return canonical ? end : from;
  }

  /** Prefixes under which a tensor of a layer must be known. */
  static boolean isUnknown(FamilyTraits traits, TensorSite site) {
    List<String> block = traits.block();
    return site.part().isEmpty()
        && block.stream().anyMatch(site.name()::startsWith)
        && !Glob.matchesAny(traits.fixed(), site.name());
  }
}
