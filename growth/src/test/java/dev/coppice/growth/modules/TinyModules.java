package dev.coppice.growth.modules;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import com.google.common.collect.ImmutableList;
import com.google.common.collect.ImmutableSet;
import java.io.UncheckedIOException;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;

/**
 * Names of a small model's modules, before and after a growth: layers of experts, a
 * next-token-prediction layer behind them, a vision tower with layers of its own.
 *
 * @param layers how many layers there were
 * @param layerSources which each grown layer is
 * @param experts how many experts there were
 * @param expertSources which each grown expert is
 */
record TinyModules(
    int layers, List<Integer> layerSources, int experts, List<Integer> expertSources) {
  private static final ImmutableList<String> PARTS =
      ImmutableList.of("self_attn.q_proj", "self_attn.o_proj", "mlp.gate", "mlp.shared.up_proj");

  /** Layers one after another, each so many times; experts appended so many times. */
  static TinyModules interposed(int layers, int depth, int experts, int width) {
    return new TinyModules(
        layers,
        IntStream.range(0, layers * depth).map(i -> i / depth).boxed().toList(),
        experts,
        IntStream.range(0, experts * width).map(i -> i % experts).boxed().toList());
  }

  Lineage lineage() {
    return new Lineage(
        ImmutableList.of("model.layers."),
        ImmutableSet.of("experts"),
        layers,
        ImmutableList.copyOf(layerSources),
        ImmutableList.copyOf(expertSources),
        true);
  }

  /** Source of each grown module, by name. */
  Map<String, String> sources() {
    Map<String, String> sources = new LinkedHashMap<>();
    grown().forEach(module -> sources.put(module.name(), module.source()));
    return sources;
  }

  List<String> before() {
    return modules(
            IntStream.rangeClosed(0, layers).boxed().toList(),
            IntStream.range(0, experts).boxed().toList())
        .stream()
        .map(GrownModule::name)
        .toList();
  }

  List<GrownModule> grown() {
    List<Integer> all = new ArrayList<>(layerSources);
    all.add(layers);
    return modules(all, expertSources);
  }

  private static List<GrownModule> modules(List<Integer> layers, List<Integer> experts) {
    List<GrownModule> modules = new ArrayList<>();
    modules.add(new GrownModule("lm_head", "lm_head", -1, -1));
    for (int tower = 0; tower < 4; tower++) {
      String name = "vision_tower.encoder.layers." + tower + ".self_attn.q_proj";
      modules.add(new GrownModule(name, name, -1, -1));
    }
    for (int layer = 0; layer < layers.size(); layer++) {
      String to = "model.layers." + layer + ".";
      String from = "model.layers." + layers.get(layer) + ".";
      for (String part : PARTS) {
        modules.add(new GrownModule(to + part, from + part, layer, -1));
      }
      for (int expert = 0; expert < experts.size(); expert++) {
        for (String part : ImmutableList.of(".up_proj", ".down_proj")) {
          modules.add(
              new GrownModule(
                  to + "mlp.experts." + expert + part,
                  from + "mlp.experts." + experts.get(expert) + part,
                  layer,
                  expert));
        }
      }
    }
    return modules;
  }

  ModuleGrowth growth() {
    return new ModuleGrowth("config.json", lineage(), this::before, this::grown);
  }

  /** A growth of a file that says how weights are packed. */
  ObjectNode grow(String json) {
    return growth().grow(tree(json), true);
  }

  /** The entries that an entry of a list becomes. */
  List<String> grown(String entry) {
    ObjectNode tree = tree("{'ignore': []}");
    tree.withArray("ignore").add(entry);
    List<String> entries = new ArrayList<>();
    growth().grow(tree, true).path("ignore").forEach((JsonNode e) -> entries.add(e.textValue()));
    return entries;
  }

  /** JSON with other quotes. */
  static ObjectNode tree(String json) {
    try {
      return (ObjectNode) new ObjectMapper().readTree(json.replace('\'', '"'));
    } catch (com.fasterxml.jackson.core.JsonProcessingException e) {
      throw new UncheckedIOException(e);
    }
  }
}
