package dev.coppice.train.data.text;

import java.io.Closeable;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.zip.ZipEntry;
import java.util.zip.ZipFile;
import org.jspecify.annotations.Nullable;

/** Opens documents; the archive of the last one stays open, as the next is likely in it too. */
public final class DocumentReader implements Closeable {
  private @Nullable Path archivePath;
  private @Nullable ZipFile archive;

  /** The document's text, which the caller closes before it opens another. */
  InputStream open(TextDocument document) throws IOException {
    DataItem item =
        new DataItem(document.name(), document.file(), document.entry(), document.bytes());
    return Unpacked.of(stored(item), item::place);
  }

  /** What is stored, which may be packed; the caller closes it before it opens another. */
  public InputStream stored(DataItem item) throws IOException {
    if (item.entry().isEmpty()) {
      return Files.newInputStream(item.file());
    }
    ZipFile holder = archive(item.file());
    ZipEntry entry = holder.getEntry(item.entry().get());
    if (entry == null) {
      throw new NoSuchFileException(item.name());
    }
    return holder.getInputStream(entry);
  }

  private ZipFile archive(Path file) throws IOException {
    ZipFile current = archive;
    if (current == null || !file.equals(archivePath)) {
      close();
      current = new ZipFile(file.toFile());
      archive = current;
      archivePath = file;
    }
    return current;
  }

  @Override
  public void close() throws IOException {
    if (archive != null) {
      archive.close();
      archive = null;
    }
  }
}
