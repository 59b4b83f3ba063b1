package dev.coppice.growth.modules;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import com.fasterxml.jackson.databind.node.TextNode;
import com.google.common.base.Splitter;
import com.google.common.collect.ImmutableList;
import com.google.common.collect.ImmutableSet;
import dev.coppice.growth.modules.EntryGrowth.Grown;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.function.Supplier;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * Carries whatever names modules in a JSON file through growth.
 *
 * <p>Entries are strings of lists, and names of an object's members: exact names, beginnings,
 * wildcards, regular expressions, of any tool. Each grown module is meant by the entries that mean
 * its source, by no others. Where the file says how weights are packed, all entries are looked at;
 * elsewhere those that name a layer or an expert by its words.
 */
public final class ModuleGrowth {
  private static final Pattern PACKING = Pattern.compile("quant|compress|modelopt");

  /** Objects whose patterns are regular expressions without a mark. */
  private static final ImmutableSet<String> EXPRESSIONS =
      ImmutableSet.of("dynamic", "extra_config", "layer_config");

  /** Lists and objects of bare layer indices. */
  private static final Pattern LAYER_INDICES =
      Pattern.compile("layers|blocks|(?:.*_)?layer_(?:ids|idx|indices|indexes|list)");

  private static final Pattern INDEX = Pattern.compile("0|[1-9][0-9]{0,5}");
  private static final Splitter COMMAS = Splitter.on(',').trimResults();

  private final String file;
  private final Lineage lineage;
  private final EntryGrowth entries;
  private final Set<String> warnings = new LinkedHashSet<>();

  /** An entry that cannot be carried through. */
  public static final class UnreadableEntry extends RuntimeException {
    private static final long serialVersionUID = 1L;

    UnreadableEntry(String message, @Nullable Throwable cause) {
      super(message, cause);
    }
  }

  /**
   * A growth of one file.
   *
   * @param file its name, for messages
   * @param lineage layers and experts of the grown model
   * @param before names of the modules that hold tensors in the source; asked for when needed
   * @param after those of the grown model; likewise
   */
  public ModuleGrowth(
      String file,
      Lineage lineage,
      Supplier<? extends Collection<String>> before,
      Supplier<? extends Collection<GrownModule>> after) {
    this.file = file;
    this.lineage = lineage;
    this.entries = new EntryGrowth(lineage, () -> ModuleSpace.of(before.get(), after.get()));
  }

  /**
   * The file of the grown model.
   *
   * @param tree the source's; not changed
   * @param packing whether all of the file says how weights are packed
   * @throws UnreadableEntry if some entry cannot be read, or no entries mean the grown modules
   */
  public ObjectNode grow(ObjectNode tree, boolean packing) {
    return object(new Place("", packing, false, false), tree);
  }

  /** What is not certain, a sentence each. */
  public ImmutableList<String> warnings() {
    return ImmutableList.copyOf(warnings);
  }

  /**
   * Where a value stands.
   *
   * @param path keys with dots
   * @param packing whether that says how weights are packed
   * @param expressions whether patterns are regular expressions there
   * @param indices whether numbers are layers there
   */
  private record Place(String path, boolean packing, boolean expressions, boolean indices) {
    Place in(String key) {
      boolean packs = packing || PACKING.matcher(key.toLowerCase(Locale.ROOT)).find();
      return new Place(
          path.isEmpty() ? key : path + "." + key,
          packs,
          expressions || EXPRESSIONS.contains(key),
          packs && LAYER_INDICES.matcher(key).matches());
    }
  }

  private JsonNode value(Place place, JsonNode value) {
    if (value instanceof ObjectNode object) {
      return object(place, object);
    }
    if (value instanceof ArrayNode list) {
      return list(place, list);
    }
    return value.isTextual() && entries.names(value.textValue()) ? text(place, value) : value;
  }

  private ObjectNode object(Place place, ObjectNode object) {
    Map<String, JsonNode> grown = new LinkedHashMap<>();
    for (Map.Entry<String, JsonNode> member : object.properties()) {
      Place inside = place.in(member.getKey());
      JsonNode value = value(inside, member.getValue());
      for (String key : grown(place, member.getKey())) {
        JsonNode same = grown.putIfAbsent(key, value);
        if (same != null && !same.equals(value)) {
          throw unreadable(
              inside.path(), "has another value for '" + key + "' than a different entry", null);
        }
      }
    }
    ObjectNode made = JsonNodeFactory.instance.objectNode();
    grown.forEach(made::set);
    return made;
  }

  private ArrayNode list(Place place, ArrayNode list) {
    if (place.indices() && isIndices(list)) {
      return indices(place, list);
    }
    List<JsonNode> grown = new ArrayList<>();
    for (JsonNode entry : list) {
      if (entry.isTextual()) {
        grown(place, entry.textValue()).forEach(text -> grown.add(TextNode.valueOf(text)));
      } else {
        grown.add(value(place, entry));
      }
    }
    // repeated entries of a list that nothing happens to stay
    boolean changed = !grown.equals(ImmutableList.copyOf(list));
    Set<JsonNode> seen = new HashSet<>();
    ArrayNode made = JsonNodeFactory.instance.arrayNode();
    grown.stream()
        .filter(entry -> !changed || !entry.isTextual() || seen.add(entry))
        .forEach(made::add);
    return made;
  }

  private boolean isIndices(ArrayNode list) {
    return !list.isEmpty()
        && ImmutableList.copyOf(list).stream()
            .allMatch(entry -> entry.isInt() && entry.intValue() >= 0);
  }

  private ArrayNode indices(Place place, ArrayNode list) {
    Set<Integer> grown = new LinkedHashSet<>();
    list.forEach(entry -> grown.addAll(lineage.layerPlaces(entry.intValue())));
    warn(place.path(), "is taken for a list of layers");
    ArrayNode made = JsonNodeFactory.instance.arrayNode();
    grown.stream().sorted().forEach(made::add);
    return made;
  }

  private JsonNode text(Place place, JsonNode value) {
    List<String> parts = COMMAS.splitToList(value.textValue());
    Set<String> grown = new LinkedHashSet<>();
    parts.forEach(part -> grown.addAll(grown(place, part)));
    if (ImmutableList.copyOf(grown).equals(parts)) {
      return value;
    }
    if (parts.size() == 1 && grown.size() != 1) {
      warn(place.path(), "names several modules of the grown model, joined by commas");
    }
    return TextNode.valueOf(String.join(",", grown));
  }

  private ImmutableList<String> grown(Place place, String entry) {
    if (place.indices() && INDEX.matcher(entry).matches()) {
      return lineage.layerPlaces(Integer.parseInt(entry)).stream()
          .map(String::valueOf)
          .collect(ImmutableList.toImmutableList());
    }
    if (!place.packing() && !entries.names(entry)) {
      return ImmutableList.of(entry);
    }
    try {
      Grown grown = entries.grow(entry, place.expressions());
      grown.warning().ifPresent(clause -> warn(place.path(), "entry '" + entry + "' " + clause));
      if (!place.packing() && !grown.entries().equals(ImmutableList.of(entry))) {
        warn(place.path(), "names modules of layers, and is grown as a list of names");
      }
      return grown.entries();
    } catch (IllegalArgumentException e) {
      throw unreadable(
          place.path(), "entry '" + entry + "' cannot be carried through: " + e.getMessage(), e);
    }
  }

  private void warn(String path, String clause) {
    warnings.add(file + " " + path + ": " + clause);
  }

  private UnreadableEntry unreadable(String path, String clause, @Nullable Throwable cause) {
    return new UnreadableEntry(file + " " + path + ": " + clause, cause);
  }
}
