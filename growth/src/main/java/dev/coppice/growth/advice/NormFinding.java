package dev.coppice.growth.advice;

import com.google.common.collect.ImmutableMap;
import dev.coppice.growth.norm.NormProfile;
import java.util.List;
import java.util.Locale;

/** The finding of the norm profile for depth growth. */
final class NormFinding {
  /** Rise over the whole depth, as a share of the mean, from which a profile is called rising. */
  private static final double RISE = 0.02;

  private static final String SOURCE =
      "norm profile of arXiv 2510.08008: flat at the start of training, rising with depth in"
          + " trained models; the reason given for interposition is a heuristic, and 'rising' from"
          + " 2% of the mean on is our own threshold";

  private final double[] norms;

  private NormFinding(List<Double> norms) {
    this.norms = norms.stream().mapToDouble(Double::doubleValue).toArray();
  }

  /** The finding of a profile. */
  static Finding of(NormProfile profile) {
    List<Double> present = profile.present().stream().map(profile.layers()::get).toList();
    return present.size() < 2
        ? absent("too_short", "Fewer than two layers have matrices: no profile.")
        : new NormFinding(present).finding();
  }

  /** The finding where there is no profile. */
  static Finding absent(String verdict, String text) {
    return new Finding("norms", verdict, ImmutableMap.of(), text, SOURCE);
  }

  private Finding finding() {
    int last = norms.length - 1;
    double slope = slope();
    double gap = largestGap();
    double seam = norms[last] - norms[0];
    double inSlopes = slope == 0 ? 0 : Math.abs(seam / slope);
    String shape = shape(slope * last);
    String text =
        String.format(
            Locale.ROOT,
            "The profile is %s: %.5f at the first layer, %.5f at the last, largest gap between"
                + " neighbours %.5f. Stacking x2 would put a drop of %.5f in the middle, %.1f times"
                + " the mean slope; interposition makes no gap above %.5f.",
            shape,
            norms[0],
            norms[last],
            gap,
            seam,
            inSlopes,
            gap);
    ImmutableMap<String, Number> numbers =
        ImmutableMap.<String, Number>builder()
            .put("first", norms[0])
            .put("last", norms[last])
            .put("mean_slope", slope)
            .put("largest_neighbour_gap", gap)
            .put("stack_seam_drop", seam)
            .put("stack_seam_in_mean_slopes", inSlopes)
            .put("interposition_largest_gap", gap)
            .buildOrThrow();
    return new Finding("norms", shape, numbers, text, SOURCE);
  }

  private String shape(double rise) {
    double share = rise / mean();
    return share > RISE ? "rising" : share < -RISE ? "falling" : "flat";
  }

  private double mean() {
    double sum = 0;
    for (double norm : norms) {
      sum += norm;
    }
    return sum / norms.length;
  }

  /** Slope a layer of the straight line that fits best. */
  private double slope() {
    double middle = (norms.length - 1) / 2.0;
    double mean = mean();
    double products = 0;
    double squares = 0;
    for (int layer = 0; layer < norms.length; layer++) {
      products += (layer - middle) * (norms[layer] - mean);
      squares += (layer - middle) * (layer - middle);
    }
    return products / squares;
  }

  private double largestGap() {
    double gap = 0;
    for (int layer = 1; layer < norms.length; layer++) {
      gap = Math.max(gap, Math.abs(norms[layer] - norms[layer - 1]));
    }
    return gap;
  }
}
