package dev.coppice.moe.chart;

/** How an axis maps values to places. */
public enum Scale {
  /** Equal steps for equal differences. */
  LINEAR,
  /** Equal steps for equal ratios; only positive values can be shown. */
  LOG
}
