package dev.coppice.train.data;

import com.google.common.collect.ImmutableList;
import com.google.common.io.MoreFiles;
import dev.coppice.moe.CoppiceException;
import dev.coppice.moe.ExitCode;
import dev.coppice.train.Folders;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashSet;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import java.util.zip.ZipEntry;
import java.util.zip.ZipException;
import java.util.zip.ZipFile;
import org.jspecify.annotations.Nullable;

/**
 * Finds the readable text under some paths.
 *
 * <p>A path is a folder, a file, or an archive (jar or zip), which is read as a folder wherever it
 * is met. Files that are packed with gzip, zstd or bzip2 are read unpacked. Files that are empty or
 * not UTF-8 text are passed over, and so are hidden ones (a leading dot) inside folders. Text that
 * occurs twice, byte for byte, is taken once.
 */
public final class TextFolder {
  private final List<TextDocument> found = new ArrayList<>();
  private final Set<String> seen = new HashSet<>();

  private TextFolder() {}

  /**
   * All documents under the paths: by path in the order given, then by name.
   *
   * @param paths folders, files and archives
   * @throws CoppiceException when a path does not exist, an archive is damaged, or nothing is text
   * @throws IOException when a file cannot be read
   */
  public static ImmutableList<TextDocument> find(List<Path> paths) throws IOException {
    TextFolder folder = new TextFolder();
    for (Path path : paths) {
      folder.addPath(path);
    }
    if (folder.found.isEmpty()) {
      String names = paths.stream().map(Path::toString).collect(Collectors.joining(", "));
      throw invalid("no readable text under " + names, null);
    }
    return ImmutableList.copyOf(folder.found);
  }

  private void addPath(Path path) throws IOException {
    if (!Files.exists(path)) {
      throw invalid("data path must exist, got " + path, null);
    }
    if (!Files.isDirectory(path)) {
      addFile(path, Folders.name(path));
      return;
    }
    ImmutableList<Path> files = filesBelow(path);
    ImmutableList<Optional<TextProbe>> probes = probes(files);
    for (int i = 0; i < files.size(); i++) {
      String relative = path.relativize(files.get(i)).toString().replace('\\', '/');
      String name = Folders.name(path) + "/" + relative;
      if (isArchive(files.get(i))) {
        addArchive(files.get(i), name);
      } else {
        add(probes.get(i), name, files.get(i), Optional.empty());
      }
    }
  }

  /** Reads files on all cores; what archives hold is not probed here. */
  private static ImmutableList<Optional<TextProbe>> probes(List<Path> files) throws IOException {
    try {
      return files.parallelStream()
          .map(file -> isArchive(file) ? Optional.<TextProbe>empty() : probe(file))
          .collect(ImmutableList.toImmutableList());
    } catch (UncheckedIOException e) {
      throw e.getCause();
    }
  }

  private static Optional<TextProbe> probe(Path file) {
    try (InputStream in = Unpacked.open(file)) {
      return TextProbe.of(in);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private static ImmutableList<Path> filesBelow(Path root) throws IOException {
    try (Stream<Path> walk = Files.walk(root)) {
      return walk.filter(Files::isRegularFile)
          .filter(file -> !isHidden(root.relativize(file)))
          .sorted(Comparator.comparing(Path::toString))
          .collect(ImmutableList.toImmutableList());
    }
  }

  private static boolean isHidden(Path relative) {
    for (Path part : relative) {
      if (part.toString().startsWith(".")) {
        return true;
      }
    }
    return false;
  }

  private void addFile(Path file, String name) throws IOException {
    if (isArchive(file)) {
      addArchive(file, name);
      return;
    }
    add(probes(List.of(file)).get(0), name, file, Optional.empty());
  }

  private static boolean isArchive(Path file) {
    String extension = MoreFiles.getFileExtension(file).toLowerCase(Locale.ROOT);
    return extension.equals("jar") || extension.equals("zip");
  }

  private void addArchive(Path file, String name) throws IOException {
    try (ZipFile archive = new ZipFile(file.toFile())) {
      List<? extends ZipEntry> entries =
          archive.stream()
              .filter(entry -> !entry.isDirectory())
              .sorted(Comparator.comparing(ZipEntry::getName))
              .toList();
      for (ZipEntry entry : entries) {
        String entryName = entry.getName();
        try (InputStream in =
            Unpacked.of(archive.getInputStream(entry), () -> file + "!/" + entryName)) {
          add(TextProbe.of(in), name + "!/" + entryName, file, Optional.of(entryName));
        }
      }
    } catch (ZipException e) {
      throw invalid("archive must be a readable zip, got " + e.getMessage() + " (" + file + ")", e);
    }
  }

  private void add(Optional<TextProbe> probe, String name, Path file, Optional<String> entry) {
    if (probe.isPresent() && seen.add(probe.get().sha256())) {
      found.add(new TextDocument(name, file, entry, probe.get().bytes(), probe.get().sha256()));
    }
  }

  private static CoppiceException invalid(String message, @Nullable Throwable cause) {
    return new CoppiceException(ExitCode.INPUT_INVALID, message, cause);
  }
}
