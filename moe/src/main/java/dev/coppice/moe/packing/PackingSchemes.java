package dev.coppice.moe.packing;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import com.google.common.collect.ImmutableSet;
import dev.coppice.moe.packing.PackedForm.Scheme;
import java.util.HashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.OptionalInt;
import java.util.Set;

/** Bits and groups that a configuration names, for all modules and for single ones. */
final class PackingSchemes {
  private static final List<String> PLACES =
      List.of("quantization_config", "quantization", "compression_config");
  private static final List<String> NESTED = List.of("text_config", "llm_config");

  private final PackingTraits traits;
  private final Set<Scheme> all = new LinkedHashSet<>();
  private final Map<String, Scheme> byModule = new HashMap<>();

  PackingSchemes(PackingTraits traits, ObjectNode config) {
    this.traits = traits;
    for (String place : PLACES) {
      add("", config.path(place));
      NESTED.forEach(nested -> add("", config.path(nested).path(place)));
    }
  }

  /** The scheme of a module: of it alone, or of all. */
  Set<Scheme> of(String module) {
    Scheme own = byModule.get(module);
    return own == null ? all : ImmutableSet.of(own);
  }

  private void add(String key, JsonNode node) {
    if (traits.notWeights().contains(key)) {
      return;
    }
    OptionalInt bits = number(node, traits.schemeKeys());
    if (bits.isPresent()) {
      Scheme scheme = new Scheme(bits.getAsInt(), number(node, traits.groupKeys()).orElse(0));
      if (key.indexOf('.') >= 0) {
        byModule.put(key, scheme);
      } else {
        all.add(scheme);
      }
    }
    if (node.isObject()) {
      node.properties().forEach(entry -> add(entry.getKey(), entry.getValue()));
    } else if (node.isArray()) {
      node.forEach(entry -> add(key, entry));
    }
  }

  private static OptionalInt number(JsonNode node, List<String> keys) {
    return keys.stream()
        .map(node::path)
        .filter(JsonNode::isInt)
        .mapToInt(JsonNode::intValue)
        .findFirst();
  }
}
