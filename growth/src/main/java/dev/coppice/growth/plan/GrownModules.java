package dev.coppice.growth.plan;

import com.fasterxml.jackson.databind.node.ObjectNode;
import com.google.common.base.Supplier;
import com.google.common.base.Suppliers;
import com.google.common.collect.ImmutableList;
import com.google.common.collect.ImmutableMap;
import com.google.common.collect.ImmutableSet;
import com.google.common.collect.ImmutableSortedMap;
import dev.coppice.growth.modules.GrownModule;
import dev.coppice.growth.modules.Lineage;
import dev.coppice.growth.modules.ModuleGrowth;
import dev.coppice.growth.plan.Ancestry.ExpertOrigin;
import dev.coppice.growth.plan.Ancestry.LayerOrigin;
import dev.coppice.moe.CoppiceException;
import dev.coppice.moe.ErrorKind;
import dev.coppice.moe.anatomy.Anatomy;
import dev.coppice.moe.anatomy.FamilyTraits;
import dev.coppice.moe.anatomy.TensorSite;
import dev.coppice.moe.anatomy.TensorSite.Region;
import dev.coppice.moe.checkpoint.Checkpoint;
import dev.coppice.moe.folder.CodeReferences;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.function.Predicate;
import java.util.regex.Pattern;
import java.util.stream.Stream;

/** Lets what names modules, in config and side files, follow a growth. */
final class GrownModules {
  /** Side files that say how weights are packed. */
  private static final Predicate<String> PACKING =
      Pattern.compile("(?i).*quant.*[.]json").asMatchPredicate();

  private static final String CONFIG = "config.json";
  private static final Pattern NAMES_LAYERS = Pattern.compile("(?:layers|blocks)[.][0-9]");

  private final GrowthPlan plan;
  private final Anatomy before;
  private final Lineage lineage;
  private final Supplier<Set<String>> old = Suppliers.memoize(this::oldModules);
  private final Supplier<List<GrownModule>> grown = Suppliers.memoize(this::grownModules);
  private final ImmutableList.Builder<String> warnings = ImmutableList.builder();

  private GrownModules(GrowthPlan plan, Anatomy before) {
    this.plan = plan;
    this.before = before;
    this.lineage = lineage(plan, before);
  }

  /**
   * A plan whose config and side files name the modules of the grown model.
   *
   * @param plan what operators made
   * @param source the checkpoint that grows
   * @throws CoppiceException INPUT_INVALID if an entry cannot be read, or no names say the same
   */
  static GrowthPlan in(GrowthPlan plan, Checkpoint source) {
    GrownModules modules = new GrownModules(plan, source.anatomy());
    source.sideFilesWith(NAMES_LAYERS, PACKING.negate()).stream()
        .map(Path::getFileName)
        .forEach(
            name ->
                modules.warnings.add(name + " names modules of layers, and is copied as it is"));
    modules.warnings.addAll(source.carryingNotes());
    CodeReferences code = source.codeReferences();
    return modules.in(
        source.sideObjects(PACKING), code, source.sideObjects(code.files()::contains));
  }

  /**
   * The same without files.
   *
   * @param plan what operators made
   * @param before the model that grows
   * @param sideFiles side files that say how weights are packed, by name
   */
  static GrowthPlan in(GrowthPlan plan, Anatomy before, Map<String, ObjectNode> sideFiles) {
    return new GrownModules(plan, before)
        .in(sideFiles, CodeReferences.AS_THEY_ARE, ImmutableMap.of());
  }

  /** With side files that say how weights are packed, and those whose code changes. */
  private GrowthPlan in(
      Map<String, ObjectNode> sideFiles, CodeReferences code, Map<String, ObjectNode> coded) {
    ObjectNode config = code.in(CONFIG, grow(CONFIG, plan.config(), false));
    Map<String, ObjectNode> files = new TreeMap<>();
    ImmutableList.Builder<String> notes = ImmutableList.builder();
    sideFiles.forEach(
        (name, tree) -> {
          ObjectNode made = grow(name, tree, true);
          if (!made.equals(tree)) {
            files.put(name, made);
            notes.add(name + ": names of modules follow layers and experts");
          }
        });
    coded.forEach((name, tree) -> files.put(name, code.in(name, files.getOrDefault(name, tree))));
    return plan.with(
        config,
        new GrowthPlan.Beside(ImmutableSortedMap.copyOf(files), notes.build(), warnings.build()));
  }

  private ObjectNode grow(String file, ObjectNode tree, boolean packing) {
    ModuleGrowth growth = new ModuleGrowth(file, lineage, old, grown);
    try {
      ObjectNode made = growth.grow(tree, packing);
      warnings.addAll(growth.warnings());
      return made;
    } catch (ModuleGrowth.UnreadableEntry e) {
      throw new CoppiceException(ErrorKind.INPUT_INVALID, String.valueOf(e.getMessage()), e);
    }
  }

  private static Lineage lineage(GrowthPlan plan, Anatomy before) {
    FamilyTraits traits = plan.family().traits();
    return new Lineage(
        containers(plan, traits),
        expertWords(traits),
        before.layerCount(),
        plan.ancestry().layers().stream()
            .map(LayerOrigin::source)
            .collect(ImmutableList.toImmutableList()),
        experts(plan.ancestry()),
        traits.mtp().stream().anyMatch(mtp -> Boolean.TRUE.equals(mtp.afterLayers())));
  }

  /** Beginnings of layers' names, that of this checkpoint first. */
  private static ImmutableList<String> containers(GrowthPlan plan, FamilyTraits traits) {
    Stream<String> own =
        plan.tensors().values().stream()
            .map(PlannedTensor::site)
            .filter(TensorSite::inLayer)
            .map(TensorSite::container)
            .limit(1);
    return Stream.concat(own, traits.containers().stream())
        .map(template -> template.substring(0, template.indexOf("{layer}")))
        .distinct()
        .collect(ImmutableList.toImmutableList());
  }

  private static ImmutableSet<String> expertWords(FamilyTraits traits) {
    Set<String> words = new LinkedHashSet<>(List.of("experts"));
    traits.parts().stream()
        .map(FamilyTraits.PartRule::name)
        .filter(name -> name.contains(".{expert}"))
        .map(name -> name.substring(0, name.indexOf(".{expert}")))
        .forEach(name -> words.add(name.substring(name.lastIndexOf('.') + 1)));
    return ImmutableSet.copyOf(words);
  }

  /** Experts of the first mixture; those of next-token-prediction layers are as many. */
  private static ImmutableList<Integer> experts(Ancestry ancestry) {
    return ancestry.layers().stream()
        .map(LayerOrigin::experts)
        .filter(experts -> !experts.isEmpty())
        .findFirst()
        .orElse(ImmutableList.of())
        .stream()
        .map(ExpertOrigin::source)
        .collect(ImmutableList.toImmutableList());
  }

  private Set<String> oldModules() {
    Set<String> modules = new LinkedHashSet<>();
    before.sites().keySet().forEach(name -> modules.add(module(name)));
    return modules;
  }

  private List<GrownModule> grownModules() {
    Map<String, GrownModule> modules = new LinkedHashMap<>();
    for (PlannedTensor tensor : plan.tensors().values()) {
      modules.computeIfAbsent(module(tensor.name()), name -> grownModule(name, tensor.site()));
    }
    return List.copyOf(modules.values());
  }

  private GrownModule grownModule(String name, TensorSite site) {
    boolean counted = site.region() != Region.MODEL && !site.container().isEmpty();
    return new GrownModule(
        name,
        module(source(site).fullName()),
        counted ? site.base() + site.layer() : -1,
        site.expert().orElse(-1));
  }

  /** Where a tensor of the output stood in the source. */
  private TensorSite source(TensorSite site) {
    return switch (site.region()) {
      case MODEL -> site;
      case MTP ->
          expert(
              site.base() > 0 ? site.withBase(before.layerCount()) : site, lineage.expertSources());
      case LAYER -> {
        LayerOrigin origin = plan.ancestry().layers().get(site.layer());
        yield expert(
            site.inLayer(origin.source()),
            origin.experts().stream().map(ExpertOrigin::source).toList());
      }
    };
  }

  private static TensorSite expert(TensorSite site, List<Integer> sources) {
    int expert = site.expert().orElse(-1);
    return expert < 0 || expert >= sources.size() ? site : site.ofExpert(sources.get(expert));
  }

  /** The module that holds a tensor. */
  private static String module(String tensor) {
    int end = tensor.lastIndexOf('.');
    return end < 0 ? tensor : tensor.substring(0, end);
  }
}
