package dev.coppice.moe.chart;

import com.google.common.io.Resources;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;

/** The style sheets that charts need, and pages that hold charts. */
public final class ChartStyle {
  private ChartStyle() {}

  /** The colours, light and dark, as CSS variables. */
  public static String palette() {
    return read("palette.css");
  }

  /** The rules for the elements of a chart. */
  public static String rules() {
    return read("chart.css");
  }

  private static String read(String resource) {
    try {
      return Resources.toString(
          Resources.getResource(ChartStyle.class, resource), StandardCharsets.UTF_8);
    } catch (IOException e) {
      throw new UncheckedIOException(resource + " must be readable", e);
    }
  }
}
