package dev.coppice.train.data.folder;

import com.google.common.collect.ImmutableList;
import dev.coppice.moe.CoppiceException;
import dev.coppice.moe.ErrorKind;
import dev.coppice.moe.io.Folders;
import dev.coppice.train.data.reading.DataForm;
import dev.coppice.train.data.text.DataItem;
import dev.coppice.train.data.text.Packing;
import dev.coppice.train.data.text.Unpacked;
import java.io.BufferedInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.file.AccessDeniedException;
import java.nio.file.FileSystemLoopException;
import java.nio.file.FileVisitOption;
import java.nio.file.FileVisitResult;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.SimpleFileVisitor;
import java.nio.file.attribute.BasicFileAttributes;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.EnumSet;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.zip.ZipEntry;
import java.util.zip.ZipException;
import java.util.zip.ZipFile;

/**
 * Finds all files below a path, and looks at the first bytes of each.
 *
 * <p>Archives (jar and zip) are read as folders wherever they are met. Links to folders are
 * followed. Hidden files and folders (a leading dot) are passed over inside folders.
 */
public final class DataWalk {
  /** Why hidden files are left out. */
  public static final String HIDDEN = "hidden";

  private static final String NESTED = "an archive inside an archive is not read: unpack it first";

  private final String field;
  private final List<Sighted> files = new ArrayList<>();
  private final List<LeftOut> leftOut = new ArrayList<>();

  private DataWalk(String field) {
    this.field = field;
  }

  /**
   * A file that was looked at.
   *
   * @param item the file
   * @param nature of it
   */
  record Sighted(DataItem item, FileNature nature) {}

  /**
   * Files below a path.
   *
   * @param files in order of their names
   * @param leftOut what no form of data has
   */
  record Below(ImmutableList<Sighted> files, ImmutableList<LeftOut> leftOut) {}

  /**
   * All below a folder or an archive, or a file itself.
   *
   * @param path that exists
   * @param field of a JSON object that has the text
   * @throws CoppiceException when links make a loop, an archive is damaged, or something may not be
   *     read
   */
  static Below of(Path path, String field) throws IOException {
    DataWalk walk = new DataWalk(field);
    if (Files.isDirectory(path)) {
      walk.folder(path);
    } else if (isArchive(Folders.name(path))) {
      walk.archive(path, Folders.name(path));
    } else {
      walk.files.add(walk.sight(DataItem.of(path, Files.size(path))));
    }
    return new Below(ImmutableList.copyOf(walk.files), ImmutableList.copyOf(walk.leftOut));
  }

  /** Whether a name is that of an archive. */
  static boolean isArchive(String name) {
    String lower = name.toLowerCase(Locale.ROOT);
    return lower.endsWith(".jar") || lower.endsWith(".zip");
  }

  private void folder(Path root) throws IOException {
    Visitor visitor = new Visitor(root, leftOut);
    Files.walkFileTree(root, EnumSet.of(FileVisitOption.FOLLOW_LINKS), Integer.MAX_VALUE, visitor);
    visitor.found.sort(Comparator.comparing(item -> item.file().toString()));
    try {
      List<Optional<Sighted>> sighted =
          visitor.found.parallelStream()
              .map(
                  item ->
                      isArchive(item.fileName())
                          ? Optional.<Sighted>empty()
                          : Optional.of(sight(item)))
              .toList();
      for (int i = 0; i < sighted.size(); i++) {
        DataItem item = visitor.found.get(i);
        if (sighted.get(i).isPresent()) {
          files.add(sighted.get(i).get());
        } else {
          archive(item.file(), item.name());
        }
      }
    } catch (UncheckedIOException e) {
      throw e.getCause();
    }
  }

  private Sighted sight(DataItem item) {
    try (InputStream in = Files.newInputStream(item.file())) {
      return new Sighted(item, nature(in, item));
    } catch (AccessDeniedException e) {
      throw denied(item.file(), e);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private static CoppiceException denied(Path file, IOException cause) {
    return new CoppiceException(
        ErrorKind.INPUT_INVALID, "data must be readable, got no permission (" + file + ")", cause);
  }

  private FileNature nature(InputStream stored, DataItem item) throws IOException {
    BufferedInputStream in = new BufferedInputStream(stored, FileNature.HEAD);
    in.mark(Packing.START);
    Packing packing = Packing.of(in.readNBytes(Packing.START));
    in.reset();
    if (packing == Packing.XZ || packing == Packing.LZ4) {
      return FileNature.unread(
          "packed with " + packing + ", neither gzip, zstd nor bzip2: unpack it first");
    }
    if (FileNature.isNamedLines(item.fileName()) && item.bytes() > 0) {
      return FileNature.LINES;
    }
    byte[] head = head(Unpacked.of(in, item::place));
    FileNature nature = FileNature.of(item.fileName(), head, field);
    boolean packed = packing != Packing.NONE || item.entry().isPresent();
    boolean inPlace = nature.form().map(DataForm::isReadInPlace).orElse(false);
    return packed && inPlace
        ? FileNature.unread(
            nature.form().orElseThrow().words() + " inside an archive are not read: unpack it")
        : nature;
  }

  /** First bytes; those before the damage, which a reader finds later. */
  private static byte[] head(InputStream in) throws IOException {
    byte[] head = new byte[FileNature.HEAD];
    int count = 0;
    try {
      for (int read = 0; read >= 0 && count < head.length; count += Math.max(0, read)) {
        read = in.read(head, count, head.length - count);
      }
    } catch (CoppiceException e) {
      if (count == 0) {
        throw e;
      }
    }
    return Arrays.copyOf(head, count);
  }

  private void archive(Path file, String name) throws IOException {
    try (ZipFile archive = new ZipFile(file.toFile())) {
      List<? extends ZipEntry> entries =
          archive.stream()
              .filter(entry -> !entry.isDirectory())
              .sorted(Comparator.comparing(ZipEntry::getName))
              .toList();
      for (ZipEntry entry : entries) {
        String inside = name + "!/" + entry.getName();
        DataItem item =
            new DataItem(inside, file, Optional.of(entry.getName()), Math.max(0, entry.getSize()));
        if (item.fileName().startsWith(".")) {
          leftOut.add(new LeftOut(inside, HIDDEN));
        } else if (isArchive(item.fileName())) {
          leftOut.add(new LeftOut(inside, NESTED));
        } else {
          try (InputStream in = archive.getInputStream(entry)) {
            files.add(new Sighted(item, nature(in, item)));
          }
        }
      }
    } catch (AccessDeniedException e) {
      throw denied(file, e);
    } catch (ZipException e) {
      throw new CoppiceException(
          ErrorKind.INPUT_INVALID,
          "archive must be a readable zip, got " + e.getMessage() + " (" + file + ")",
          e);
    }
  }

  /** Collects files, with links followed. */
  private static final class Visitor extends SimpleFileVisitor<Path> {
    private final Path root;
    private final List<LeftOut> leftOut;
    private final List<DataItem> found = new ArrayList<>();

    Visitor(Path root, List<LeftOut> leftOut) {
      this.root = root;
      this.leftOut = leftOut;
    }

    private String name(Path file) {
      String relative = root.relativize(file).toString().replace('\\', '/');
      return Folders.name(root) + "/" + relative;
    }

    private boolean isHidden(Path file) {
      boolean hidden = !file.equals(root) && Folders.name(file).startsWith(".");
      if (hidden) {
        leftOut.add(new LeftOut(name(file), HIDDEN));
      }
      return hidden;
    }

    @Override
    public FileVisitResult preVisitDirectory(Path folder, BasicFileAttributes attributes) {
      return isHidden(folder) ? FileVisitResult.SKIP_SUBTREE : FileVisitResult.CONTINUE;
    }

    @Override
    public FileVisitResult visitFile(Path file, BasicFileAttributes attributes) {
      if (isHidden(file)) {
        return FileVisitResult.CONTINUE;
      }
      if (attributes.isRegularFile()) {
        found.add(new DataItem(name(file), file, Optional.empty(), attributes.size()));
      } else {
        String reason = attributes.isSymbolicLink() ? "a link to nothing" : "no regular file";
        leftOut.add(new LeftOut(name(file), reason));
      }
      return FileVisitResult.CONTINUE;
    }

    @Override
    public FileVisitResult visitFileFailed(Path file, IOException e) throws IOException {
      if (e instanceof FileSystemLoopException) {
        throw new CoppiceException(
            ErrorKind.INPUT_INVALID,
            "folder must not hold a link to itself or to a folder above, got " + file,
            e);
      }
      if (e instanceof AccessDeniedException) {
        throw denied(file, e);
      }
      throw e;
    }
  }
}
