package dev.coppice.bench.micro;

import dev.coppice.moe.io.DurableFiles;
import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.List;
import java.util.stream.Stream;

/** A copy of a flat folder as {@code cp} makes it, then made durable: the yardstick. */
final class PlainCopy {
  private PlainCopy() {}

  /**
   * Copies every file of a folder, one after another, inside the kernel.
   *
   * @param from folder without sub-folders
   * @param to folder to make
   * @return bytes copied
   */
  static long folder(Path from, Path to) throws IOException {
    Files.createDirectory(to);
    long bytes = 0;
    for (Path file : files(from)) {
      bytes += file(file, to.resolve(file.getFileName().toString()));
    }
    DurableFiles.force(to);
    return bytes;
  }

  private static List<Path> files(Path folder) throws IOException {
    try (Stream<Path> files = Files.list(folder)) {
      return files.sorted().toList();
    }
  }

  private static long file(Path from, Path to) throws IOException {
    try (FileChannel in = FileChannel.open(from, StandardOpenOption.READ);
        FileChannel out =
            FileChannel.open(to, StandardOpenOption.CREATE_NEW, StandardOpenOption.WRITE)) {
      long size = in.size();
      long done = 0;
      while (done < size) {
        done += in.transferTo(done, size - done, out);
      }
      out.force(true);
      return size;
    }
  }
}
