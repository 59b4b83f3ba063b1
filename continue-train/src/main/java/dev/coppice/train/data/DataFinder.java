package dev.coppice.train.data;

import com.google.common.collect.ImmutableList;
import dev.coppice.moe.CoppiceException;
import dev.coppice.moe.ExitCode;
import dev.coppice.train.Folders;
import dev.coppice.train.data.parquet.ParquetStrings;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Comparator;
import java.util.Locale;
import java.util.function.Predicate;
import java.util.regex.Pattern;
import java.util.stream.Stream;

/** Finds out how data is written. */
final class DataFinder {
  private static final Pattern JSON_LINES =
      Pattern.compile("(?i).*(\\.(jsonl|ndjson)(\\.(gz|zst|bz2))?|\\.json\\.(gz|zst|bz2))");

  private DataFinder() {}

  /**
   * One thing to read.
   *
   * @param form of it, never {@link DataForm#AUTO}
   * @param path of it: a folder only for text
   */
  record Found(DataForm form, Path path) {}

  /**
   * What a path holds.
   *
   * @param path of a file or folder; for Megatron also without its ending
   * @param form of all that is found, unless it is auto
   * @throws CoppiceException when there is nothing
   */
  static ImmutableList<Found> find(Path path, DataForm form) throws IOException {
    Path index = path.resolveSibling(Folders.name(path) + ".idx");
    boolean prefix = !Files.exists(path) && MegatronIndex.isIndex(index);
    if (!Files.exists(path) && !prefix) {
      throw invalid("data path must exist, got " + path);
    }
    if (Files.isDirectory(path)) {
      return inFolder(path, form);
    }
    return ImmutableList.of(
        prefix
            ? new Found(DataForm.MEGATRON, path.resolveSibling(Folders.name(path) + ".bin"))
            : file(path, form == DataForm.AUTO ? formOf(path) : form));
  }

  private static ImmutableList<Found> inFolder(Path folder, DataForm form) throws IOException {
    ImmutableList<Path> files = filesIn(folder);
    DataForm actual = form == DataForm.AUTO ? folderForm(files) : form;
    if (actual == DataForm.TEXT) {
      return ImmutableList.of(new Found(DataForm.TEXT, folder));
    }
    ImmutableList<Found> found =
        files.stream()
            .filter(ending(actual))
            .map(file -> file(file, form == DataForm.AUTO ? quietFormOf(file) : form))
            .collect(ImmutableList.toImmutableList());
    if (found.isEmpty()) {
      throw invalid("folder must hold data of form " + actual + ", got none under " + folder);
    }
    return found;
  }

  private static Predicate<Path> ending(DataForm form) {
    return switch (form) {
      case JSONL -> DataFinder::isJsonLines;
      case PARQUET -> DataFinder::isNamedParquet;
      case TOKENS -> file -> file.toString().endsWith(".tokens");
      default -> file -> file.toString().endsWith(".bin");
    };
  }

  private static DataForm folderForm(ImmutableList<Path> files) {
    if (!files.isEmpty() && files.stream().allMatch(DataFinder::isJsonLines)) {
      return DataForm.JSONL;
    }
    if (!files.isEmpty() && files.stream().allMatch(DataFinder::isNamedParquet)) {
      return DataForm.PARQUET;
    }
    boolean binary =
        !files.isEmpty()
            && files.stream().allMatch(f -> f.toString().endsWith(".bin") || isIndex(f));
    return binary ? DataForm.NANOGPT : DataForm.TEXT;
  }

  private static boolean isIndex(Path file) {
    return file.toString().endsWith(".idx");
  }

  private static ImmutableList<Path> filesIn(Path folder) throws IOException {
    try (Stream<Path> walk = Files.walk(folder)) {
      return walk.filter(Files::isRegularFile)
          .filter(file -> !Folders.name(file).startsWith("."))
          .sorted(Comparator.comparing(Path::toString))
          .collect(ImmutableList.toImmutableList());
    }
  }

  private static Found file(Path file, DataForm form) {
    boolean index = form == DataForm.MEGATRON && isIndex(file);
    String name = Folders.name(file);
    return new Found(
        form, index ? file.resolveSibling(name.substring(0, name.length() - 4) + ".bin") : file);
  }

  private static DataForm quietFormOf(Path file) {
    try {
      return formOf(file);
    } catch (IOException e) {
      throw invalid("data must be readable, got " + e.getMessage() + " (" + file + ")");
    }
  }

  private static DataForm formOf(Path file) throws IOException {
    if (TokenFile.isTokenFile(file)) {
      return DataForm.TOKENS;
    }
    if (isJsonLines(file)) {
      return DataForm.JSONL;
    }
    boolean binary = file.toString().endsWith(".bin");
    if (!binary && isParquet(file)) {
      return DataForm.PARQUET;
    }
    if (MegatronIndex.isIndex(binary ? MegatronTokens.indexOf(file) : file)) {
      return DataForm.MEGATRON;
    }
    if (TokenTable.isLlmc(file)) {
      return DataForm.LLMC;
    }
    return binary ? DataForm.NANOGPT : DataForm.TEXT;
  }

  private static boolean isJsonLines(Path file) {
    return JSON_LINES.matcher(Folders.name(file)).matches();
  }

  private static boolean isNamedParquet(Path file) {
    return Folders.name(file).toLowerCase(Locale.ROOT).endsWith(".parquet");
  }

  private static boolean isParquet(Path file) throws IOException {
    try (InputStream in = Files.newInputStream(file)) {
      return isNamedParquet(file) || ParquetStrings.isParquet(in.readNBytes(4));
    }
  }

  private static CoppiceException invalid(String message) {
    return new CoppiceException(ExitCode.INPUT_INVALID, message);
  }
}
