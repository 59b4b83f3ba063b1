package dev.coppice.growth.modules;

import com.google.common.base.Supplier;
import com.google.common.base.Suppliers;
import com.google.common.collect.ImmutableList;
import com.google.common.collect.Lists;
import java.util.ArrayList;
import java.util.BitSet;
import java.util.Collection;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Predicate;
import java.util.stream.IntStream;
import java.util.stream.Stream;

/**
 * Grows one entry that means modules, by meaning: what it meant of the old names says which new
 * names are to be meant, and of several ways to write that the simplest is taken that proves exact.
 *
 * <p>Readers differ. A way is exact if each reading means the copies of what it meant; the next
 * best ways are exact for the readings that meant something, and for the first of these.
 */
final class EntryGrowth {
  private final Lineage lineage;
  private final SlotFinder finder;
  private final Supplier<ModuleSpace> space;
  private final Map<String, Supplier<ModuleSpace>> others = new HashMap<>();
  private final Map<String, Boolean> heads = new HashMap<>();

  /**
   * The growth of an entry.
   *
   * @param entries what stands in its place
   * @param warning a clause on what is not certain
   */
  record Grown(ImmutableList<String> entries, Optional<String> warning) {
    static Grown of(Collection<? extends Spelling> entries) {
      return new Grown(texts(entries), Optional.empty());
    }

    static Grown warned(Collection<? extends Spelling> entries, String warning) {
      return new Grown(texts(entries), Optional.of(warning));
    }

    private static ImmutableList<String> texts(Collection<? extends Spelling> entries) {
      return entries.stream()
          .map(Spelling::text)
          .distinct()
          .collect(ImmutableList.toImmutableList());
    }
  }

  EntryGrowth(Lineage lineage, Supplier<ModuleSpace> space) {
    this.lineage = lineage;
    this.finder = lineage.finder();
    this.space = Suppliers.memoize(space);
    String own = lineage.containers().get(0);
    for (String other : lineage.otherContainers()) {
      others.put(
          other,
          Suppliers.memoize(
              () ->
                  this.space
                      .get()
                      .renamed(
                          name ->
                              name.startsWith(own) ? other + name.substring(own.length()) : name)));
    }
  }

  /** Whether an entry names a layer or an expert by its words. */
  boolean names(String text) {
    return Spelling.of(text, false).slots(finder).stream().anyMatch(slot -> slot.from() > 0);
  }

  /**
   * The growth of an entry.
   *
   * @param text as it stands in the file
   * @param expressions whether patterns without a mark are regular expressions there
   * @throws IllegalArgumentException with a clause if it cannot be read or said
   */
  Grown grow(String text, boolean expressions) {
    Spelling spelling = Spelling.of(text, expressions);
    if (!spelling.mayCount(finder)) {
      return Grown.of(ImmutableList.of(spelling));
    }
    if (spelling instanceof PlainName plain && isWhole(plain)) {
      return space.get().existed(text)
          ? Grown.of(space.get().copies(text).stream().map(PlainName::new).toList())
          : Grown.of(literal(spelling));
    }
    for (ModuleSpace modules : spaces(spelling)) {
      BitSet[] meant =
          spelling.readings().stream().map(modules::meantBefore).toArray(BitSet[]::new);
      if (Stream.of(meant).anyMatch(set -> !set.isEmpty())) {
        return new Proof(modules, spelling, ImmutableList.copyOf(meant)).grow();
      }
    }
    return unmatched(spelling);
  }

  /**
   * Whether each reader means the same by a name, and the same by its copies: indices stand between
   * dots, no number at the end, and what stands before the first one begins names only.
   */
  private boolean isWhole(PlainName name) {
    String text = name.text();
    ImmutableList<Slot> slots = name.slots(finder);
    boolean ends = text.endsWith(".") || Character.isDigit(text.charAt(text.length() - 1));
    if (ends || slots.isEmpty() || slots.get(0).from() == 0) {
      return false;
    }
    boolean own = text.startsWith(lineage.containers().get(0)) && isKnown(name);
    return (own || space.get().existed(text)) && beginsOnly(text.substring(0, slots.get(0).from()));
  }

  private boolean beginsOnly(String head) {
    return heads.computeIfAbsent(
        head, start -> space.get().names().stream().noneMatch(name -> name.indexOf(start, 1) > 0));
  }

  private boolean isKnown(Spelling spelling) {
    return spelling.slots(finder).stream().allMatch(this::isKnown);
  }

  private boolean isKnown(Slot slot) {
    return slot.literal().isPresent()
        && (slot.kind() == Slot.Kind.EXPERT
            ? lineage.hadExpert(slot.literal().getAsInt())
            : slot.literal().getAsInt() < lineage.layers());
  }

  private ImmutableList<ModuleSpace> spaces(Spelling spelling) {
    ImmutableList.Builder<ModuleSpace> spaces = ImmutableList.builder();
    spaces.add(space.get());
    if (!spelling.slots(finder).isEmpty()) {
      others.values().forEach(other -> spaces.add(other.get()));
    }
    return spaces.build();
  }

  /** The entry with each index that it spells out replaced by those that it becomes. */
  private ImmutableList<Spelling> literal(Spelling spelling) {
    return filled(
        spelling,
        slot -> true,
        slot ->
            slot.kind() == Slot.Kind.LAYER
                ? lineage.layerPlaces(slot.literal().orElseThrow())
                : lineage.expertPlaces(slot.literal().orElseThrow()),
        0);
  }

  /** An entry that means nothing that has tensors: its own words must do. */
  private Grown unmatched(Spelling spelling) {
    ImmutableList<Slot> slots = spelling.slots(finder);
    boolean text =
        slots.stream()
            .filter(slot -> slot.kind() == Slot.Kind.LAYER)
            .allMatch(slot -> lineage.isText(container(spelling, slot)));
    boolean known = !slots.isEmpty() && slots.stream().allMatch(slot -> slot.literal().isPresent());
    ImmutableList<Spelling> grown = text && known ? literal(spelling) : ImmutableList.of(spelling);
    if (meansAny(grown)) {
      return Grown.warned(ImmutableList.of(), "means no module of the source, and is left out");
    }
    return text && !known && !slots.isEmpty()
        ? Grown.warned(grown, "means no module of the source, and is kept as it is")
        : Grown.of(grown);
  }

  private static String container(Spelling spelling, Slot slot) {
    return spelling.body().substring(0, slot.from());
  }

  private boolean meansAny(List<Spelling> entries) {
    return entries.stream()
        .anyMatch(
            entry ->
                spaces(entry).stream()
                    .anyMatch(
                        modules ->
                            !modules
                                .meantAfter(ImmutableList.of(entry.readings().get(0)))
                                .isEmpty()));
  }

  /** Which indices a place may take. */
  private interface Indices {
    ImmutableList<Integer> of(Slot slot);
  }

  /** The entry with some of its places filled, in the given of the ways to fill them. */
  private ImmutableList<Spelling> filled(
      Spelling spelling, Predicate<Slot> which, Indices indices, int way) {
    List<Slot> slots = spelling.slots(finder).stream().filter(which).toList();
    List<List<String>> texts = new ArrayList<>();
    for (Slot slot : slots) {
      ImmutableList<ImmutableList<String>> ways = spelling.fillings(slot, indices.of(slot));
      texts.add(ways.get(Math.min(way, ways.size() - 1)));
    }
    return Lists.cartesianProduct(texts).stream()
        .map(chosen -> spelling.with(replaced(spelling.body(), slots, chosen)))
        .distinct()
        .collect(ImmutableList.toImmutableList());
  }

  private static String replaced(String body, List<Slot> slots, List<String> texts) {
    StringBuilder text = new StringBuilder(body);
    for (int i = slots.size() - 1; i >= 0; i--) {
      text.replace(slots.get(i).from(), slots.get(i).to(), texts.get(i));
    }
    return text.toString();
  }

  /** One entry that means something, and what each of its readings means. */
  private final class Proof {
    private final ModuleSpace modules;
    private final Spelling spelling;
    private final ImmutableList<BitSet> before;
    private final ImmutableList<BitSet> wanted;
    private final int first;

    Proof(ModuleSpace modules, Spelling spelling, ImmutableList<BitSet> before) {
      this.modules = modules;
      this.spelling = spelling;
      this.before = before;
      this.wanted = before.stream().map(modules::grown).collect(ImmutableList.toImmutableList());
      this.first = IntStream.range(0, before.size()).filter(this::means).findFirst().orElseThrow();
    }

    private boolean means(int reading) {
      return !before.get(reading).isEmpty();
    }

    Grown grow() {
      if (wanted.stream().allMatch(BitSet::isEmpty)) {
        return Grown.of(ImmutableList.of());
      }
      ImmutableList<Supplier<ImmutableList<Spelling>>> ways = ways();
      int readings = before.size();
      return exact(ways, IntStream.range(0, readings).toArray())
          .or(() -> exact(ways, IntStream.range(0, readings).filter(this::means).toArray()))
          .map(Grown::of)
          .or(
              () ->
                  exact(ways, new int[] {first})
                      .map(
                          found ->
                              Grown.warned(
                                  found,
                                  "is ambiguous; it is read as '"
                                      + modules.names(wanted.get(first)).iterator().next()
                                      + "' and similar ("
                                      + wanted.get(first).cardinality()
                                      + " modules)")))
          .orElseThrow(
              () -> new IllegalArgumentException("no list of names means the same grown modules"));
    }

    private Optional<ImmutableList<Spelling>> exact(
        ImmutableList<Supplier<ImmutableList<Spelling>>> ways, int[] readings) {
      return ways.stream().map(Supplier::get).filter(way -> isExact(way, readings)).findFirst();
    }

    private boolean isExact(ImmutableList<Spelling> way, int[] readings) {
      return IntStream.of(readings).allMatch(reading -> isExact(way, reading));
    }

    private boolean isExact(ImmutableList<Spelling> way, int reading) {
      List<Reading> read = new ArrayList<>();
      for (Spelling entry : way) {
        ImmutableList<Reading> all = entry.readings();
        read.add(all.get(Math.min(reading, all.size() - 1)));
      }
      return modules.meantAfter(read).equals(wanted.get(reading));
    }

    /** Ways to write it, the simplest first; each made when it is looked at. */
    private ImmutableList<Supplier<ImmutableList<Spelling>>> ways() {
      ImmutableList.Builder<Supplier<ImmutableList<Spelling>>> ways = ImmutableList.builder();
      ways.add(() -> ImmutableList.of(spelling));
      for (int i = 0; i < 2; i++) {
        int way = i;
        ways.add(
            () -> filled(spelling, slot -> slot.kind() == Slot.Kind.LAYER, this::indices, way));
        ways.add(
            () -> filled(spelling, slot -> slot.kind() == Slot.Kind.EXPERT, this::indices, way));
        ways.add(() -> filled(spelling, slot -> true, this::indices, way));
      }
      Supplier<Cover> cover =
          Suppliers.memoize(() -> new Cover(modules.names(), modules.names(wanted.get(first))));
      ways.add(() -> cover.get().entries(spelling));
      ways.add(() -> cover.get().modules(spelling));
      return ways.build();
    }

    private ImmutableList<Integer> indices(Slot slot) {
      return modules.indices(wanted.get(first), slot.kind());
    }
  }
}
