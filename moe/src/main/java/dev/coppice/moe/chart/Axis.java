package dev.coppice.moe.chart;

/**
 * The content of an axis.
 *
 * @param label quantity and unit, as text
 * @param scale how values map to places
 */
public record Axis(String label, Scale scale) {

  /**
   * A linear axis.
   *
   * @param label quantity and unit
   */
  public static Axis linear(String label) {
    return new Axis(label, Scale.LINEAR);
  }

  /**
   * A logarithmic axis.
   *
   * @param label quantity and unit
   */
  public static Axis log(String label) {
    return new Axis(label, Scale.LOG);
  }
}
