package dev.coppice.train.data;

import dev.coppice.moe.CoppiceException;
import dev.coppice.moe.ErrorKind;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.OptionalDouble;

/**
 * Where data is, and its weight in a mixture.
 *
 * @param path of a file or folder; for Megatron also without its ending
 * @param weight of the part, if it is one
 */
public record DataPath(Path path, OptionalDouble weight) {

  /**
   * Reads {@code PATH} or {@code PATH=WEIGHT}. A path that exists as it stands has no weight.
   *
   * @param text to read
   * @throws CoppiceException when the weight is not positive
   */
  public static DataPath parse(String text) {
    int sign = text.lastIndexOf('=');
    if (sign < 0 || Files.exists(Path.of(text))) {
      return new DataPath(Path.of(text), OptionalDouble.empty());
    }
    String written = text.substring(sign + 1);
    try {
      double weight = Double.parseDouble(written);
      if (weight > 0 && Double.isFinite(weight)) {
        return new DataPath(Path.of(text.substring(0, sign)), OptionalDouble.of(weight));
      }
    } catch (NumberFormatException e) {
      // said below
    }
    throw new CoppiceException(
        ErrorKind.REQUEST_INVALID,
        "weight must be a positive number, got " + written + " (" + text + ")");
  }

  /**
   * Reads paths that have no weights.
   *
   * @param option that names them
   * @param reason why they have none
   * @param texts to read
   * @throws CoppiceException naming the first that has one
   */
  public static List<Path> unweighted(String option, String reason, List<String> texts) {
    List<Path> paths = new ArrayList<>();
    for (String text : texts) {
      DataPath path = parse(text);
      if (path.weight().isPresent()) {
        throw new CoppiceException(
            ErrorKind.REQUEST_INVALID,
            option + " must have no weights, as " + reason + ", got " + text);
      }
      paths.add(path.path());
    }
    return paths;
  }
}
