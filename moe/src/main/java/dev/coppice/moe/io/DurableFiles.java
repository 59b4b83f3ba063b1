package dev.coppice.moe.io;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.OpenOption;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;

/**
 * Writes and renames files and folders so that they are whole or not there, also after a power cut.
 *
 * <p>A file is durable once its content was forced and, as for its name, the folder that it lies
 * in.
 */
public final class DurableFiles {
  private DurableFiles() {}

  /**
   * Writes a new text file, UTF-8, and forces its content; its name lasts once its folder is
   * forced.
   *
   * @param file must not exist
   * @param text its content
   * @throws java.nio.file.FileAlreadyExistsException if it exists
   * @throws IOException when the disk refuses
   */
  public static void write(Path file, String text) throws IOException {
    write(file, text, StandardOpenOption.CREATE_NEW, StandardOpenOption.WRITE);
  }

  /**
   * Writes a text file, UTF-8, in one step: it holds the old text or the new, and lasts.
   *
   * @param file replaced if it exists; the text is first written beside it, to the name with {@code
   *     .tmp} behind
   * @param text its content
   * @throws IOException when the disk refuses; the file is then as it was
   */
  public static void replace(Path file, String text) throws IOException {
    Path staged = file.resolveSibling(file.getFileName() + ".tmp");
    try {
      write(
          staged,
          text,
          StandardOpenOption.CREATE,
          StandardOpenOption.TRUNCATE_EXISTING,
          StandardOpenOption.WRITE);
      rename(staged, file);
    } catch (IOException e) {
      discard(staged, e);
      throw e;
    }
    force(Folders.parent(file));
  }

  private static void discard(Path staged, IOException cause) {
    try {
      Files.deleteIfExists(staged);
    } catch (IOException e) {
      cause.addSuppressed(e);
    }
  }

  private static void write(Path file, String text, OpenOption... options) throws IOException {
    try (FileChannel channel = FileChannel.open(file, options)) {
      write(channel, ByteBuffer.wrap(text.getBytes(StandardCharsets.UTF_8)));
      channel.force(true);
    }
  }

  /**
   * Writes all of a buffer at a channel's position.
   *
   * @param channel to write to; nothing is forced
   * @param bytes from position to limit
   */
  public static void write(FileChannel channel, ByteBuffer bytes) throws IOException {
    while (bytes.hasRemaining()) {
      channel.write(bytes);
    }
  }

  /**
   * Writes all of a buffer at a place of a file; the channel's position stays.
   *
   * @param channel to write to; nothing is forced
   * @param bytes from position to limit
   * @param offset of the first byte in the file
   */
  public static void writeAt(FileChannel channel, ByteBuffer bytes, long offset)
      throws IOException {
    long at = offset;
    while (bytes.hasRemaining()) {
      at += channel.write(bytes, at);
    }
  }

  /**
   * Renames a file or folder in one step, and forces the folder that it is in then.
   *
   * @param from must exist, on the same disk
   * @param to a file there is replaced
   * @throws IOException when the disk refuses, or a folder that is not empty lies there
   */
  public static void move(Path from, Path to) throws IOException {
    rename(from, to);
    force(Folders.parent(to));
  }

  /**
   * Renames a file or folder in one step. The name lasts once its folder is forced.
   *
   * @param from must exist, on the same disk
   * @param to a file there is replaced
   * @throws IOException when the disk refuses, or a folder that is not empty lies there
   */
  public static void rename(Path from, Path to) throws IOException {
    Files.move(from, to, StandardCopyOption.ATOMIC_MOVE);
  }

  /**
   * Forces a file's content, or a folder's list of names, to the disk.
   *
   * @param path of a file or folder
   * @throws IOException when the disk refuses
   */
  public static void force(Path path) throws IOException {
    try (FileChannel channel = FileChannel.open(path, StandardOpenOption.READ)) {
      channel.force(true);
    }
  }

  /**
   * Forces files and folders, one after another.
   *
   * @param paths in this order
   * @throws IOException when the disk refuses
   */
  public static void forceAll(Iterable<Path> paths) throws IOException {
    for (Path path : paths) {
      force(path);
    }
  }
}
