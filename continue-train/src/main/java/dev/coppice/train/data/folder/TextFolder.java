package dev.coppice.train.data.folder;

import com.google.common.collect.ImmutableList;
import dev.coppice.moe.CoppiceException;
import dev.coppice.moe.ErrorKind;
import dev.coppice.train.data.reading.DataForm;
import dev.coppice.train.data.text.DataItem;
import dev.coppice.train.data.text.DocumentReader;
import dev.coppice.train.data.text.TextDocument;
import dev.coppice.train.data.text.TextProbe;
import java.io.BufferedInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Collectors;

/**
 * Finds the readable text under some paths.
 *
 * <p>A path is a folder, a file, or an archive (jar or zip), which is read as a folder wherever it
 * is met. Files that are packed with gzip, zstd or bzip2 are read unpacked. Files that are empty or
 * not UTF-8 text are passed over, and so are hidden ones (a leading dot) inside folders. Text that
 * occurs twice, byte for byte, is taken once; a leading mark of UTF-8 is no part of it.
 */
public final class TextFolder {
  private static final String ANY_FIELD = "text";

  private TextFolder() {}

  /**
   * All documents under the paths: by path in the order given, then by name.
   *
   * @param paths folders, files and archives
   * @throws CoppiceException when a path does not exist, an archive is damaged, or nothing is text
   * @throws IOException when a file cannot be read
   */
  public static ImmutableList<TextDocument> find(List<Path> paths) throws IOException {
    ImmutableList.Builder<TextDocument> found = ImmutableList.builder();
    Set<String> seen = new HashSet<>();
    for (Path path : paths) {
      if (!Files.exists(path)) {
        throw invalid("data path must exist, got " + path);
      }
      List<DataItem> items =
          DataWalk.of(path, ANY_FIELD).files().stream()
              .filter(file -> FolderForm.fits(file, DataForm.TEXT))
              .map(DataWalk.Sighted::item)
              .toList();
      probe(items).documents().stream()
          .filter(document -> seen.add(document.sha256()))
          .forEach(found::add);
    }
    ImmutableList<TextDocument> documents = found.build();
    if (documents.isEmpty()) {
      String names = paths.stream().map(Path::toString).collect(Collectors.joining(", "));
      throw invalid("no readable text under " + names);
    }
    return documents;
  }

  /**
   * What was read through.
   *
   * @param documents that are text
   * @param leftOut what is none, with reasons
   */
  public record Probed(List<TextDocument> documents, List<LeftOut> leftOut) {}

  /** Reads all items through: files on all cores, entries of archives one after the other. */
  public static Probed probe(List<DataItem> items) throws IOException {
    List<TextDocument> documents = new ArrayList<>();
    List<LeftOut> leftOut = new ArrayList<>();
    List<Optional<TextProbe.Result>> files = files(items);
    try (DocumentReader archives = new DocumentReader()) {
      for (int i = 0; i < items.size(); i++) {
        DataItem item = items.get(i);
        TextProbe.Result result =
            files.get(i).isPresent()
                ? files.get(i).get()
                : TextProbe.read(archives.stored(item), item);
        result
            .probe()
            .ifPresentOrElse(
                probe ->
                    documents.add(
                        new TextDocument(
                            item.name(), item.file(), item.entry(), probe.bytes(), probe.sha256())),
                () -> leftOut.add(new LeftOut(item.name(), result.fault())));
      }
    }
    return new Probed(documents, leftOut);
  }

  private static List<Optional<TextProbe.Result>> files(List<DataItem> items) throws IOException {
    try {
      return items.parallelStream()
          .map(
              item ->
                  item.entry().isPresent()
                      ? Optional.<TextProbe.Result>empty()
                      : Optional.of(file(item)))
          .toList();
    } catch (UncheckedIOException e) {
      throw e.getCause();
    }
  }

  private static TextProbe.Result file(DataItem item) {
    try (InputStream stored = Files.newInputStream(item.file())) {
      return TextProbe.read(new BufferedInputStream(stored), item);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private static CoppiceException invalid(String message) {
    return new CoppiceException(ErrorKind.INPUT_INVALID, message);
  }
}
