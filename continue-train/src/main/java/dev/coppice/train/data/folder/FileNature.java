package dev.coppice.train.data.folder;

import dev.coppice.train.data.foreign.TokenTable;
import dev.coppice.train.data.reading.DataForm;
import dev.coppice.train.data.text.TextFault;
import dev.coppice.train.data.text.TextProbe;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.Locale;
import java.util.Optional;
import java.util.regex.Pattern;

/**
 * The form of a file, by its first bytes, or else by its name.
 *
 * @param form of it, if it can be read
 * @param reason why it is not read, or of what else it is; empty where nothing need be said
 * @param json what it is as JSON
 */
record FileNature(Optional<DataForm> form, String reason, JsonHead json) {
  /** First bytes that are looked at. */
  static final int HEAD = 1 << 17;

  private static final Pattern NAMED_LINES =
      Pattern.compile("(?i).*\\.(jsonl|ndjson)(\\.(gz|zst|bz2))?");
  private static final Pattern NAMED_JSON =
      Pattern.compile("(?i).*\\.(json|jsonl|ndjson)(\\.(gz|zst|bz2))?");
  private static final byte[] NUMPY = {(byte) 0x93, 'N', 'U', 'M', 'P', 'Y'};

  /** Lines of JSON objects. */
  static final FileNature LINES = new FileNature(Optional.of(DataForm.JSONL), "", JsonHead.LINES);

  /** A file that is not read. */
  static FileNature unread(String reason) {
    return new FileNature(Optional.empty(), reason, JsonHead.NONE);
  }

  private static FileNature of(DataForm form) {
    return new FileNature(Optional.of(form), "", JsonHead.NONE);
  }

  /** Whether a name says that a file has JSON in it. */
  static boolean isNamedJson(String name) {
    return NAMED_JSON.matcher(name).matches();
  }

  /** Whether a name says that a file has a JSON object a line. */
  static boolean isNamedLines(String name) {
    return NAMED_LINES.matcher(name).matches();
  }

  /** Whether a name says that a file has tokens in it. */
  static boolean isNamedBin(String name) {
    return name.toLowerCase(Locale.ROOT).endsWith(".bin");
  }

  /**
   * What a file is.
   *
   * @param name of it
   * @param head its first bytes, unpacked; {@link #HEAD} of them, unless it has fewer
   * @param field of a JSON object that has the text
   */
  static FileNature of(String name, byte[] head, String field) {
    if (head.length == 0) {
      return unread("empty");
    }
    if (isNamedLines(name)) {
      return LINES;
    }
    Optional<DataForm> marked = marked(name, head);
    if (marked.isPresent()) {
      return of(marked.get());
    }
    Optional<String> known = KnownBytes.reason(name, head);
    if (known.isPresent()) {
      return unread(known.get());
    }
    Optional<TextFault> fault = TextFault.of(head, 0, false);
    if (isNamedBin(name)) {
      return fault.isEmpty() && head.length >= 16
          ? unread("named .bin, but it holds text and no tokens")
          : of(DataForm.NANOGPT);
    }
    return fault
        .map(f -> unread(KnownBytes.reasonByName(name).orElse(f.words())))
        .orElseGet(() -> text(head, field));
  }

  /** Forms that first bytes name. */
  private static Optional<DataForm> marked(String name, byte[] head) {
    if (startsWith(head, "CPTOKENS".getBytes(StandardCharsets.US_ASCII))) {
      return Optional.of(DataForm.TOKENS);
    }
    if (startsWith(head, NUMPY)) {
      return Optional.of(DataForm.NPY);
    }
    if (startsWith(head, "PAR1".getBytes(StandardCharsets.US_ASCII))) {
      return Optional.of(DataForm.PARQUET);
    }
    boolean llmc =
        head.length >= Integer.BYTES
            && TokenTable.isLlmcMagic(
                ByteBuffer.wrap(head).order(ByteOrder.LITTLE_ENDIAN).getInt(0));
    return llmc && !isNamedJson(name) ? Optional.of(DataForm.LLMC) : Optional.empty();
  }

  private static FileNature text(byte[] head, String field) {
    boolean whole = head.length < HEAD;
    JsonHead json = JsonHead.of(TextProbe.withoutBom(head), whole, field);
    String reason =
        json == JsonHead.OTHER
            ? "no list or lines of objects with a string \"" + field + "\" (--text-field)"
            : "";
    return new FileNature(
        Optional.of(json.isObjects() ? DataForm.JSONL : DataForm.TEXT), reason, json);
  }

  private static boolean startsWith(byte[] bytes, byte[] start) {
    return bytes.length >= start.length
        && Arrays.equals(bytes, 0, start.length, start, 0, start.length);
  }
}
