package dev.coppice.train.data;

import dev.coppice.moe.CoppiceException;
import dev.coppice.moe.ErrorKind;
import dev.coppice.train.data.reading.DataForm;
import dev.coppice.train.data.token.TokenCache;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalDouble;

/**
 * The data of a resumed run: where it was, in another cache, or made anew from what it was read
 * from. Whichever it is, its SHA-256 is the run's.
 *
 * @param spec of the data, as the run's record has it
 * @param runFolder folder of the run
 */
public record DataRecovery(DataSpec spec, Path runFolder) {

  /**
   * The data where the record says it is, or in a cache.
   *
   * @param cache folder to look in too
   * @return nothing when tokens are lost or are others
   */
  public Optional<TrainingData> there(Optional<Path> cache) throws IOException {
    for (DataSpec each : List.of(spec, inCache(cache))) {
      try {
        return Optional.of(TrainingData.open(each, runFolder));
      } catch (CoppiceException | IOException e) {
        if (each.equals(spec) && spec.equals(inCache(cache))) {
          return Optional.empty();
        }
      }
    }
    return Optional.empty();
  }

  private DataSpec inCache(Optional<Path> cache) {
    List<PartSpec> parts = new ArrayList<>();
    for (PartSpec part : spec.parts()) {
      List<SourceSpec> sources =
          part.sources().stream().map(source -> found(source, cache)).toList();
      parts.add(new PartSpec(part.weight(), sources, part.split()));
    }
    return new DataSpec(spec.sha256(), spec.tokens(), parts, spec.read(), spec.documentEnd());
  }

  private static SourceSpec found(SourceSpec source, Optional<Path> cache) {
    Path path = Path.of(source.path());
    if (cache.isEmpty() || source.form() != DataForm.TOKENS || path.getNameCount() < 2) {
      return source;
    }
    Path entry = new TokenCache(cache.get()).entry(path.getName(path.getNameCount() - 2));
    return Files.exists(entry) && !Files.exists(path) ? source.at(entry) : source;
  }

  /**
   * The paths that the data was read from.
   *
   * @throws CoppiceException when the run does not say, or one is not there
   */
  public List<DataPath> sources() {
    DataRecord read = spec.read();
    if (read == null) {
      throw new CoppiceException(
          ErrorKind.INPUT_INVALID,
          "the run's tokens are gone or have changed, and its run.json names no sources: give"
              + " --data again ("
              + runFolder
              + ")");
    }
    List<DataPath> paths = new ArrayList<>();
    for (PartRecord part : read.parts()) {
      for (PathRecord path : part.paths()) {
        paths.add(
            new DataPath(
                existing(path),
                read.parts().size() == 1
                    ? OptionalDouble.empty()
                    : OptionalDouble.of(part.weight())));
      }
    }
    return paths;
  }

  private static Path existing(PathRecord path) {
    for (String each : List.of(path.path(), path.given())) {
      if (Files.exists(Path.of(each)) || Files.exists(Path.of(each + ".idx"))) {
        return Path.of(each);
      }
    }
    throw new CoppiceException(
        ErrorKind.INPUT_INVALID,
        "data of the run must be there, got none at "
            + path.given()
            + (path.given().equals(path.path()) ? "" : " (" + path.path() + ")")
            + "; --data names another place");
  }

  /**
   * Makes the data anew.
   *
   * @param preparation reads as the run's data was read
   * @param paths to read
   * @throws CoppiceException with {@link ErrorKind#INTEGRITY} naming what has changed, when it is
   *     not the run's data
   */
  public TrainingData anew(Preparation preparation, List<DataPath> paths) throws IOException {
    return preparation.again(
        paths, Optional.ofNullable(spec.parts().get(0).split()), runFolder, this::check);
  }

  /**
   * Checks that evaluation data which is given again is that of the run.
   *
   * @param preparation reads as the run's data was read
   * @param own evaluation data of its own, each path a source
   * @throws CoppiceException naming the first that differs
   */
  public void checkHeldOut(Preparation preparation, List<Path> own) throws IOException {
    new SameHeldOut(this, own).check(preparation);
  }

  private void check(TrainingData made) {
    if (!made.fingerprint().equals(spec.sha256())) {
      throw new CoppiceException(
          ErrorKind.INTEGRITY,
          "data must be that of the run, got "
              + difference(files(made.read()), files(Optional.ofNullable(spec.read())))
              + "; the run continues with its own data only");
    }
  }

  private static Map<String, String> files(Optional<DataRecord> read) {
    Map<String, String> files = new LinkedHashMap<>();
    read.stream()
        .flatMap(record -> record.parts().stream())
        .flatMap(part -> part.paths().stream())
        .forEach(path -> path.files().forEach(file -> files.put(name(path, file), file.sha256())));
    return files;
  }

  private static String name(PathRecord path, FileRecord file) {
    return path.given().endsWith(file.name()) ? path.given() : path.given() + ": " + file.name();
  }

  private static String difference(Map<String, String> now, Map<String, String> then) {
    for (Map.Entry<String, String> file : now.entrySet()) {
      String before = then.get(file.getKey());
      if (before != null && !before.equals(file.getValue())) {
        return "a changed file: " + file.getKey();
      }
    }
    for (String name : then.keySet()) {
      if (!now.containsKey(name) && !then.isEmpty() && now.size() < then.size()) {
        return "none of " + name;
      }
    }
    for (Map.Entry<String, String> file : now.entrySet()) {
      if (!then.containsValue(file.getValue())) {
        return (then.isEmpty() ? "other tokens of " : "another file: ") + file.getKey();
      }
    }
    return "the same files read as other tokens: weights, options or the tokenizer are others";
  }
}
