package dev.coppice.growth.cli;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.DoubleNode;
import com.fasterxml.jackson.databind.node.NullNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import com.google.common.collect.ImmutableMap;
import com.google.common.collect.ImmutableSet;
import dev.coppice.growth.norm.NormChart;
import dev.coppice.growth.norm.NormProfile;
import dev.coppice.moe.checkpoint.Checkpoint;
import dev.coppice.moe.family.Families;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import picocli.CommandLine.Option;

/** The norm profile of {@code inspect}: table, JSON and picture. */
final class NormOptions {
  /** Keys of the JSON object. */
  static final ImmutableSet<String> KEYS = ImmutableSet.of("norms", "compared");

  @Option(
      names = "--norms",
      description = "Shows the norm profile of the layers, which reads all weights.")
  private boolean asked;

  @Option(
      names = "--compare",
      paramLabel = "OTHER",
      description = "Folder of a second checkpoint for the norm profile, with --norms.")
  private Optional<Path> compare;

  @Option(
      names = "--svg",
      paramLabel = "FILE",
      description = "New SVG file for a picture of the norm profile, with --norms.")
  private Optional<Path> svg;

  boolean asked() {
    return asked;
  }

  void check(GivenOptions given) {
    given.need(List.of("--compare", "--svg"), asked, "--norms");
    if (svg.filter(Files::exists).isPresent()) {
      throw GivenOptions.refusal("--svg must name a new file, got " + svg.orElseThrow());
    }
  }

  /** Puts the profiles, draws them, and gives the table. */
  String put(Checkpoint checkpoint, ObjectNode json, Families families, boolean quiet)
      throws IOException {
    ImmutableMap.Builder<String, NormProfile> profiles = ImmutableMap.builder();
    NormProfile profile = profile(checkpoint, quiet);
    put(json.putArray("norms"), profile);
    String name = name(checkpoint.folder());
    profiles.put(name, profile);
    if (compare.isPresent()) {
      try (Checkpoint other = Checkpoint.open(compare.get(), families)) {
        NormProfile beside = profile(other, quiet);
        ObjectNode compared = json.putObject("compared");
        compared.put("folder", compare.get().toString());
        put(compared.putArray("norms"), beside);
        String second = name(compare.get());
        profiles.put(second.equals(name) ? compare.get().toString() + " " : second, beside);
      }
    }
    ImmutableMap<String, NormProfile> all = profiles.buildOrThrow();
    if (svg.isPresent()) {
      Files.writeString(svg.get(), NormChart.of(all).file());
    }
    return table(all);
  }

  private static NormProfile profile(Checkpoint checkpoint, boolean quiet) throws IOException {
    try (ByteProgress progress = new ByteProgress("norms", quiet)) {
      return NormProfile.of(checkpoint, progress);
    }
  }

  private static String name(Path folder) {
    Path name = folder.toAbsolutePath().normalize().getFileName();
    return name == null ? "checkpoint" : name.toString();
  }

  private static void put(ArrayNode array, NormProfile profile) {
    for (double norm : profile.layers()) {
      array.add(Double.isNaN(norm) ? NullNode.getInstance() : DoubleNode.valueOf(norm));
    }
  }

  private static String table(Map<String, NormProfile> profiles) {
    StringBuilder text = new StringBuilder();
    profiles.forEach(
        (name, profile) -> {
          text.append(String.format(Locale.ROOT, "%nnorms of %s%n  layer  depth      norm", name));
          for (int layer = 0; layer < profile.layers().size(); layer++) {
            text.append(
                String.format(
                    Locale.ROOT,
                    "%n%7d %6.3f %9s",
                    layer,
                    profile.depth(layer),
                    profile.has(layer)
                        ? String.format(Locale.ROOT, "%.6f", profile.layers().get(layer))
                        : "-"));
          }
        });
    return text.toString();
  }
}
