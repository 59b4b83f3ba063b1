package dev.coppice.moe.testing;

import java.io.IOException;
import java.net.URI;
import java.nio.channels.FileChannel;
import java.nio.channels.SeekableByteChannel;
import java.nio.file.AccessMode;
import java.nio.file.CopyOption;
import java.nio.file.DirectoryStream;
import java.nio.file.FileStore;
import java.nio.file.FileSystem;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.OpenOption;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.BasicFileAttributes;
import java.nio.file.attribute.FileAttribute;
import java.nio.file.attribute.FileAttributeView;
import java.nio.file.spi.FileSystemProvider;
import java.util.Arrays;
import java.util.Iterator;
import java.util.Map;
import java.util.Set;
import java.util.stream.StreamSupport;

/** Passes each operation on to the real file system, having asked {@link FaultFs} first. */
final class FaultProvider extends FileSystemProvider {
  private final FaultFs faults;
  private final FaultFileSystem fileSystem;
  private final FileSystemProvider real;

  FaultProvider(FaultFs faults, FaultFileSystem fileSystem, FileSystemProvider real) {
    this.faults = faults;
    this.fileSystem = fileSystem;
    this.real = real;
  }

  @Override
  public String getScheme() {
    return "fault";
  }

  @Override
  public FileSystem newFileSystem(URI uri, Map<String, ?> environment) {
    throw new UnsupportedOperationException();
  }

  @Override
  public FileSystem getFileSystem(URI uri) {
    return fileSystem;
  }

  @Override
  public Path getPath(URI uri) {
    return fileSystem.wrap(real.getPath(uri));
  }

  @Override
  public SeekableByteChannel newByteChannel(
      Path path, Set<? extends OpenOption> options, FileAttribute<?>... attributes)
      throws IOException {
    return newFileChannel(path, options, attributes);
  }

  @Override
  public FileChannel newFileChannel(
      Path path, Set<? extends OpenOption> options, FileAttribute<?>... attributes)
      throws IOException {
    Path file = FaultPath.real(path);
    synchronized (faults) {
      boolean writes = options.contains(StandardOpenOption.WRITE);
      if (writes) {
        faults.onChange();
      } else {
        faults.onRead();
      }
      boolean there = Files.exists(file, LinkOption.NOFOLLOW_LINKS);
      if (there && options.contains(StandardOpenOption.TRUNCATE_EXISTING)) {
        faults.model().willWrite(faults.model().node(file).orElseThrow());
      }
      FileChannel channel = real.newFileChannel(file, options, attributes);
      if (!there) {
        faults.model().created(file);
      }
      return new FaultChannel(faults, channel, faults.model().node(file));
    }
  }

  @Override
  public DirectoryStream<Path> newDirectoryStream(
      Path folder, DirectoryStream.Filter<? super Path> filter) throws IOException {
    faults.onRead();
    DirectoryStream<Path> stream =
        real.newDirectoryStream(
            FaultPath.real(folder), path -> filter.accept(fileSystem.wrap(path)));
    return new DirectoryStream<>() {
      @Override
      public Iterator<Path> iterator() {
        return StreamSupport.stream(stream.spliterator(), false).map(fileSystem::wrap).iterator();
      }

      @Override
      public void close() throws IOException {
        stream.close();
      }
    };
  }

  @Override
  public void createDirectory(Path folder, FileAttribute<?>... attributes) throws IOException {
    synchronized (faults) {
      faults.onChange();
      real.createDirectory(FaultPath.real(folder), attributes);
      faults.model().createdFolder(FaultPath.real(folder));
    }
  }

  @Override
  public void delete(Path path) throws IOException {
    synchronized (faults) {
      faults.onSpacelessChange();
      real.delete(FaultPath.real(path));
      faults.model().deleted(FaultPath.real(path));
    }
  }

  @Override
  public void copy(Path from, Path to, CopyOption... options) throws IOException {
    try (var in = Files.newInputStream(from);
        var out =
            Files.newOutputStream(to, StandardOpenOption.CREATE_NEW, StandardOpenOption.WRITE)) {
      in.transferTo(out);
    }
  }

  @Override
  public void move(Path from, Path to, CopyOption... options) throws IOException {
    if (!Arrays.asList(options).contains(StandardCopyOption.ATOMIC_MOVE)) {
      throw new UnsupportedOperationException("a move must be atomic to be modelled");
    }
    synchronized (faults) {
      faults.onSpacelessChange();
      real.move(FaultPath.real(from), FaultPath.real(to), options);
      faults.model().moved(FaultPath.real(from), FaultPath.real(to));
    }
  }

  @Override
  public boolean isSameFile(Path one, Path other) throws IOException {
    return real.isSameFile(FaultPath.real(one), FaultPath.real(other));
  }

  @Override
  public boolean isHidden(Path path) throws IOException {
    return real.isHidden(FaultPath.real(path));
  }

  @Override
  public FileStore getFileStore(Path path) throws IOException {
    return real.getFileStore(FaultPath.real(path));
  }

  @Override
  public void checkAccess(Path path, AccessMode... modes) throws IOException {
    real.checkAccess(FaultPath.real(path), modes);
  }

  @Override
  public <V extends FileAttributeView> V getFileAttributeView(
      Path path, Class<V> type, LinkOption... options) {
    return real.getFileAttributeView(FaultPath.real(path), type, options);
  }

  @Override
  public <A extends BasicFileAttributes> A readAttributes(
      Path path, Class<A> type, LinkOption... options) throws IOException {
    return real.readAttributes(FaultPath.real(path), type, options);
  }

  @Override
  public Map<String, Object> readAttributes(Path path, String attributes, LinkOption... options)
      throws IOException {
    return real.readAttributes(FaultPath.real(path), attributes, options);
  }

  @Override
  public void setAttribute(Path path, String attribute, Object value, LinkOption... options)
      throws IOException {
    real.setAttribute(FaultPath.real(path), attribute, value, options);
  }
}
