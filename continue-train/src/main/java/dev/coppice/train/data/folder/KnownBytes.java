package dev.coppice.train.data.folder;

import com.google.common.collect.ImmutableMap;
import java.nio.charset.StandardCharsets;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;

/** Files of forms that are not read, known by their first bytes or their ending. */
final class KnownBytes {
  private static final String CONVERT = " is not read: write it as JSON lines or Parquet";
  private static final String TOKENS = " is not read: write it as .npy of one dimension, or .bin";
  private static final String UNPACK = " is not read: unpack it first";
  private static final String EXTRACT = " is not read: write its text to a .txt file";

  /** First bytes, as Latin-1. */
  private static final ImmutableMap<String, String> STARTS =
      ImmutableMap.<String, String>builder()
          .put("MMIDIDX", "an index of Megatron without its .bin")
          .put("TNTIDX", "an index of fairseq, which is not read")
          .put("%PDF", "PDF" + EXTRACT)
          .put("ARROW1", "Arrow" + CONVERT)
          .put("FEA1", "Feather" + CONVERT)
          .put("ORC", "ORC" + CONVERT)
          .put("Obj\1", "Avro" + CONVERT)
          .put("\u0089HDF\r\n", "HDF5" + CONVERT)
          .put("SQLite format 3\0", "a database of SQLite" + CONVERT)
          .put("7z\u00BC\u00AF", "a 7z archive" + UNPACK)
          .put("Rar!", "a rar archive" + UNPACK)
          .put("\u00FD7zXZ", "a file packed with xz" + UNPACK)
          .put("\u0004\"M\u0018", "a file packed with lz4" + UNPACK)
          .put("\u00D0\u00CF\u0011\u00E0", "an old Office document" + EXTRACT)
          .put("{\\rtf", "RTF" + EXTRACT)
          .put("GGUF", "a model of llama.cpp (GGUF) is not read as data")
          .put("\u007FELF", "a program is not read as data")
          .put("\u0089PNG", "an image is not read as data")
          .put("GIF8", "an image is not read as data")
          .put("\u00FF\u00D8\u00FF", "an image is not read as data")
          .put("\u00CA\u00FE\u00BA\u00BE", "a class of Java is not read as data")
          .buildOrThrow();

  /** Endings of names of files that are no text. */
  private static final ImmutableMap<String, String> ENDINGS =
      ImmutableMap.<String, String>builder()
          .put("arrow", "Arrow" + CONVERT)
          .put("feather", "Feather" + CONVERT)
          .put("tfrecord", "TFRecord" + CONVERT)
          .put("pkl", "a pickle of Python" + CONVERT)
          .put("pickle", "a pickle of Python" + CONVERT)
          .put("pt", "a file of PyTorch" + TOKENS)
          .put("pth", "a file of PyTorch" + TOKENS)
          .put("safetensors", "a file of weights is not read as data")
          .buildOrThrow();

  private static final ImmutableMap<String, String> ZIPS =
      ImmutableMap.of(
          "npz", "an .npz of NumPy" + TOKENS,
          "docx", "a Word document" + EXTRACT,
          "xlsx", "an Excel sheet" + CONVERT,
          "odt", "an OpenDocument text" + EXTRACT,
          "epub", "an EPUB book" + EXTRACT);

  private static final int TAR_MARK = 257;

  private KnownBytes() {}

  /**
   * Why a file is not read, if its first bytes say so.
   *
   * @param name of it
   * @param head its first bytes, unpacked
   */
  static Optional<String> reason(String name, byte[] head) {
    String latin = new String(head, StandardCharsets.ISO_8859_1);
    if (latin.startsWith("ustar", TAR_MARK)) {
      return Optional.of("a tar archive" + UNPACK);
    }
    if (latin.startsWith("PK\3\4") || latin.startsWith("PK\5\6")) {
      return Optional.of(
          reasonByName(name).orElse("a zip that is not named .zip or .jar" + UNPACK));
    }
    if (isPickle(head)) {
      return Optional.of("a pickle of Python" + CONVERT);
    }
    return STARTS.entrySet().stream()
        .filter(start -> latin.startsWith(start.getKey()))
        .map(Map.Entry::getValue)
        .findFirst();
  }

  /** Why a file that is no text is not read, if its name says so. */
  static Optional<String> reasonByName(String name) {
    String ending = ending(name);
    return Optional.ofNullable(ENDINGS.get(ending)).or(() -> Optional.ofNullable(ZIPS.get(ending)));
  }

  /** Protocols 2 to 5: 0x80, the protocol, and an opcode that builds something. */
  private static boolean isPickle(byte[] head) {
    boolean marked = head.length > 2 && head[0] == (byte) 0x80 && head[1] >= 2 && head[1] <= 5;
    return marked && "}](\u0095cX\u008C)".indexOf(Byte.toUnsignedInt(head[2])) >= 0;
  }

  private static String ending(String name) {
    return name.substring(name.lastIndexOf('.') + 1).toLowerCase(Locale.ROOT);
  }
}
