package dev.coppice.train.data.text;

import java.nio.file.Path;
import java.util.Optional;

/**
 * One text file, on its own or inside an archive.
 *
 * @param name where it was found, relative to the path that was given; the same on every machine
 * @param file the file, or the archive that holds it
 * @param entry its name inside the archive, if it is in one
 * @param bytes length of its text
 * @param sha256 of its text, 64 hexadecimal digits
 */
public record TextDocument(
    String name, Path file, Optional<String> entry, long bytes, String sha256) {

  /** The first 64 bits of the text's SHA-256. */
  public long key() {
    return Long.parseUnsignedLong(sha256.substring(0, 16), 16);
  }
}
