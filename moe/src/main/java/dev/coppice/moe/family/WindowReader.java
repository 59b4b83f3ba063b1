package dev.coppice.moe.family;

import com.fasterxml.jackson.databind.JsonNode;
import com.google.common.collect.ImmutableList;
import com.google.common.collect.Streams;
import dev.coppice.moe.anatomy.LayerReader;
import java.util.stream.Stream;

/** Reads attention windows out of a configuration. */
final class WindowReader {
  /** The entry of a per-layer list that has the window. */
  static final String SLIDING = "sliding_attention";

  /** The entry that has none. */
  static final String FULL = "full_attention";

  private final ModelTraits model;
  private final ConfigReader config;
  private final LayerReader reader;

  WindowReader(ModelTraits model, ConfigReader config, LayerReader reader) {
    this.model = model;
    this.config = config;
    this.reader = reader;
  }

  /**
   * How far each layer sees; empty where all see everything.
   *
   * @param layers number of layers
   * @param positions longest sequence; a window of that width masks nothing
   */
  ImmutableList<Integer> read(int layers, int positions) {
    for (ModelTraits.Window window : model.window()) {
      int width = width(window, config);
      if (width > 0 && width < positions) {
        ImmutableList<Integer> windows = windows(window, layers, width);
        return windows.stream().allMatch(w -> w == 0) ? ImmutableList.of() : windows;
      }
    }
    return ImmutableList.of();
  }

  private ImmutableList<Integer> windows(ModelTraits.Window window, int layers, int width) {
    JsonNode types = reader.effective().value(window.types());
    boolean everywhere = window.types().isEmpty();
    if (!everywhere && types.size() != layers) {
      throw ConfigReader.bad(
          window.types()
              + " must have an entry for each of the "
              + layers
              + " layers, got "
              + types.size());
    }
    ImmutableList.Builder<Integer> windows = ImmutableList.builder();
    for (int layer = 0; layer < layers; layer++) {
      boolean slides = everywhere || types.path(layer).asText().equals(SLIDING);
      windows.add(slides ? width : 0);
    }
    return windows.build();
  }

  /** The width of the window; 0 where the configuration has none. */
  private static int width(ModelTraits.Window window, ConfigReader config) {
    JsonNode width = config.nullable(window.width());
    boolean is = window.when().stream().allMatch(condition -> condition.holds(config.view()));
    return is && !width.isMissingNode() ? ConfigReader.positive(width, window.width()) : 0;
  }

  /** The kinds of layers that the kernels cannot run; empty for nothing. */
  static String refusal(ModelTraits model, ConfigReader config) {
    for (ModelTraits.Window window : model.window()) {
      Stream<String> types =
          window.types().isEmpty() ? Stream.of() : texts(config.view().value(window.types()));
      boolean none = config.nullable(window.width()).isMissingNode();
      boolean off = !window.when().stream().allMatch(c -> c.holds(config.view()));
      for (String type : types.distinct().toList()) {
        if (!type.equals(FULL) && !type.equals(SLIDING)) {
          return window.types() + " of " + FULL + " and " + SLIDING + ", got " + type;
        }
        if (type.equals(SLIDING) && (none || off)) {
          return window.width() + " where " + window.types() + " says " + SLIDING + ", got none";
        }
      }
    }
    return "";
  }

  private static Stream<String> texts(JsonNode list) {
    return Streams.stream(list).map(JsonNode::asText);
  }
}
