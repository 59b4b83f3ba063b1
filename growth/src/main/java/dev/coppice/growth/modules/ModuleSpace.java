package dev.coppice.growth.modules;

import com.google.common.base.Supplier;
import com.google.common.base.Suppliers;
import com.google.common.collect.ImmutableList;
import com.google.common.collect.ImmutableListMultimap;
import com.google.common.collect.ImmutableMap;
import com.google.common.collect.ImmutableSet;
import java.util.Arrays;
import java.util.BitSet;
import java.util.Collection;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.function.UnaryOperator;
import java.util.stream.IntStream;
import java.util.stream.Stream;

/**
 * Names of the modules before and after growth, and which is which.
 *
 * <p>Readers join some modules under a name of their own ({@code qkv_proj}); those are there too.
 */
final class ModuleSpace {
  /** Names of joined modules in readers, by the last part of one of them. */
  private static final ImmutableMap<String, String> JOINED =
      ImmutableMap.of(
          "q_proj", "qkv_proj",
          "gate_proj", "gate_up_proj",
          "w1", "w13",
          "q_a_proj", "fused_qkv_a_proj_with_mqa",
          "in_proj_qkvz", "in_proj");

  private final String[] before;
  private final GrownModule[] after;
  private final String[] names;

  /** Index of each grown module's source; -1 if it has none. */
  private final int[] sources;

  private final Supplier<ImmutableListMultimap<String, String>> copies =
      Suppliers.memoize(this::bySource);

  private ModuleSpace(String[] before, GrownModule[] after) {
    this.before = before;
    this.after = after;
    this.names = Arrays.stream(after).map(GrownModule::name).toArray(String[]::new);
    this.sources =
        Arrays.stream(after)
            .mapToInt(module -> Math.max(-1, Arrays.binarySearch(before, module.source())))
            .toArray();
  }

  /**
   * The modules of two models.
   *
   * @param before names of the modules that hold tensors before growth
   * @param after those after it
   */
  static ModuleSpace of(Collection<String> before, Collection<GrownModule> after) {
    TreeSet<String> old = new TreeSet<>();
    for (String name : before) {
      GrownModule module = new GrownModule(name, name, -1, expertIn(name));
      withJoined(module).map(GrownModule::name).forEach(old::add);
    }
    Map<String, GrownModule> grown = new TreeMap<>();
    after.stream()
        .flatMap(ModuleSpace::withJoined)
        .forEach(module -> grown.putIfAbsent(module.name(), module));
    return new ModuleSpace(old.toArray(String[]::new), grown.values().toArray(GrownModule[]::new));
  }

  private static int expertIn(String name) {
    return expertsEnd(name) < 0 ? -1 : 0;
  }

  /** Where the name of all experts ends in the name of one; -1 in other names. */
  private static int expertsEnd(String name) {
    int at = name.indexOf(".experts.");
    boolean counted = at >= 0 && at + 9 < name.length() && Character.isDigit(name.charAt(at + 9));
    return counted ? at + 8 : -1;
  }

  private static Stream<GrownModule> withJoined(GrownModule module) {
    int end = expertsEnd(module.name());
    if (end > 0) {
      String source = module.source().substring(0, expertsEnd(module.source()));
      return Stream.of(
          module, new GrownModule(module.name().substring(0, end), source, module.layer(), -1));
    }
    String joined = JOINED.get(module.last());
    return joined == null ? Stream.of(module) : Stream.of(module, module.sibling(joined));
  }

  /** The same modules under other names. */
  ModuleSpace renamed(UnaryOperator<String> to) {
    String[] old = Arrays.stream(before).map(to).sorted().toArray(String[]::new);
    Map<String, GrownModule> grown = new LinkedHashMap<>();
    for (GrownModule module : after) {
      grown.put(
          to.apply(module.name()),
          new GrownModule(
              to.apply(module.name()), to.apply(module.source()), module.layer(), module.expert()));
    }
    return new ModuleSpace(old, new TreeMap<>(grown).values().toArray(GrownModule[]::new));
  }

  /** Whether there was a module of that name. */
  boolean existed(String name) {
    return Arrays.binarySearch(before, name) >= 0;
  }

  /** Names of the grown modules whose source had that name. */
  ImmutableList<String> copies(String source) {
    return copies.get().get(source);
  }

  private ImmutableListMultimap<String, String> bySource() {
    ImmutableListMultimap.Builder<String, String> names = ImmutableListMultimap.builder();
    Arrays.stream(after)
        .sorted(Comparator.comparingInt(GrownModule::layer).thenComparingInt(GrownModule::expert))
        .forEach(module -> names.put(module.source(), module.name()));
    return names.build();
  }

  /** Modules before growth that a reading means. */
  BitSet meantBefore(Reading reading) {
    return meant(reading, before);
  }

  /** Modules after growth that any of several readings mean. */
  BitSet meantAfter(Collection<Reading> readings) {
    BitSet all = new BitSet();
    readings.forEach(reading -> all.or(meant(reading, names)));
    return all;
  }

  private static BitSet meant(Reading reading, String[] sorted) {
    BitSet meant = new BitSet();
    int at = Arrays.binarySearch(sorted, reading.start());
    for (int i = at < 0 ? -at - 1 : at;
        i < sorted.length && sorted[i].startsWith(reading.start());
        i++) {
      if (reading.test().test(sorted[i])) {
        meant.set(i);
      }
    }
    return meant;
  }

  /** Modules after growth whose source is one of some. */
  BitSet grown(BitSet old) {
    BitSet wanted = new BitSet();
    IntStream.range(0, sources.length)
        .filter(i -> sources[i] >= 0 && old.get(sources[i]))
        .forEach(wanted::set);
    return wanted;
  }

  /** Indices that count layers, or experts, in the names of some modules; ascending. */
  ImmutableList<Integer> indices(BitSet modules, Slot.Kind kind) {
    TreeSet<Integer> found = new TreeSet<>();
    modules.stream()
        .map(i -> kind == Slot.Kind.LAYER ? after[i].layer() : after[i].expert())
        .filter(index -> index >= 0)
        .forEach(found::add);
    return ImmutableList.copyOf(found);
  }

  /** Names of some modules after growth. */
  ImmutableSet<String> names(BitSet modules) {
    return modules.stream().mapToObj(i -> names[i]).collect(ImmutableSet.toImmutableSet());
  }

  /** Names of all modules after growth. */
  ImmutableList<String> names() {
    return ImmutableList.copyOf(names);
  }
}
