package dev.coppice.train.data;

import java.io.Closeable;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.zip.ZipEntry;
import java.util.zip.ZipFile;
import org.jspecify.annotations.Nullable;

/** Opens documents; the archive of the last one stays open, as the next is likely in it too. */
final class DocumentReader implements Closeable {
  private @Nullable Path archivePath;
  private @Nullable ZipFile archive;

  /** The document's text, which the caller closes before it opens another. */
  InputStream open(TextDocument document) throws IOException {
    if (document.entry().isEmpty()) {
      return Unpacked.open(document.file());
    }
    ZipFile holder = archive(document.file());
    ZipEntry entry = holder.getEntry(document.entry().get());
    if (entry == null) {
      throw new NoSuchFileException(document.name());
    }
    return Unpacked.of(holder.getInputStream(entry), document::name);
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
