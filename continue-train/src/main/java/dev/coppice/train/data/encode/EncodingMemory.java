package dev.coppice.train.data.encode;

import com.google.common.annotations.VisibleForTesting;
import dev.coppice.moe.CoppiceException;
import dev.coppice.moe.ErrorKind;
import dev.coppice.moe.text.TextPieces;
import dev.coppice.moe.text.Tokenizer;
import dev.coppice.train.data.text.TextDocument;
import java.lang.management.ManagementFactory;
import java.util.List;
import java.util.Locale;

/**
 * Memory that a text takes while it is encoded, beside Java's own, against the machine's.
 *
 * <p>It matters where a text cannot be cut: a tokenizer's library then reads all of it at once.
 *
 * @param perByte bytes of memory for each byte of text
 * @param uncut whether this tokenizer reads every document at once
 * @param available bytes of the machine, or of the container, beyond Java's heap
 */
public record EncodingMemory(int perByte, boolean uncut, long available) {
  private static final double GIGA = 1e9;
  private static final double MEGA = 1e6;

  /** For a tokenizer on this machine. */
  public static EncodingMemory ofMachine(Tokenizer tokenizer) {
    long total =
        ManagementFactory.getPlatformMXBean(com.sun.management.OperatingSystemMXBean.class)
            .getTotalMemorySize();
    long heap = Runtime.getRuntime().totalMemory();
    return of(tokenizer, total - heap);
  }

  /** For a tokenizer and some bytes of memory. */
  @VisibleForTesting
  static EncodingMemory of(Tokenizer tokenizer, long available) {
    return new EncodingMemory(
        tokenizer.memoryPerByte(),
        tokenizer.cuts().equals(TextPieces.Cuts.NOWHERE),
        Math.max(0, available));
  }

  /**
   * Checks texts whose sizes are known, before any is encoded.
   *
   * @throws CoppiceException RESOURCE if one needs more memory than there is
   */
  public void checkDocuments(List<TextDocument> documents) {
    for (TextDocument document : documents) {
      if (uncut && !fits(document.bytes())) {
        String entry = document.entry().map(name -> ", " + name).orElse("");
        throw tooLong(document.bytes(), document.file() + entry);
      }
    }
  }

  /**
   * Checks a piece that has found no place to be cut.
   *
   * @param document its name
   * @param characters that are known so far; the next ones are as many
   * @throws CoppiceException RESOURCE if it needs more memory than there is
   */
  void checkPiece(String document, long characters) {
    if (!fits(characters)) {
      throw tooLong(characters, document);
    }
  }

  private boolean fits(long bytes) {
    return perByte == 0 || bytes <= available / perByte;
  }

  private CoppiceException tooLong(long bytes, String where) {
    return new CoppiceException(
        ErrorKind.RESOURCE,
        String.format(
            Locale.ROOT,
            "document without a place to cut must fit into memory for this tokenizer, got %.0f MB"
                + " of text, which need about %.1f GB of %.1f GB (%s);"
                + " split it into documents: smaller files, or JSON lines",
            bytes / MEGA,
            (double) bytes * perByte / GIGA,
            available / GIGA,
            where));
  }
}
