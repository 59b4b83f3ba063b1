package dev.coppice.moe.safetensors;

import dev.coppice.moe.CoppiceException;
import dev.coppice.moe.ErrorKind;
import java.nio.file.Path;
import org.jspecify.annotations.Nullable;

/**
 * A checkpoint file that breaks a rule; the message names file, cause and, where there is one,
 * tensor and offset.
 */
public final class CheckpointFormatException extends CoppiceException {
  private static final long serialVersionUID = 1L;

  /** Which rule is broken. */
  public enum Reason {
    /** A file that must be there is not. */
    MISSING_FILE,
    /** Not safetensors at all: a git-LFS pointer, a web page, a pickle. */
    FOREIGN_FORMAT,
    /** Fewer than eight bytes. */
    TOO_SHORT,
    /** The header length exceeds the format's limit. */
    HEADER_TOO_LARGE,
    /** The header length reaches beyond the end of the file. */
    HEADER_BEYOND_FILE,
    /** The header or index is not the JSON it must be. */
    MALFORMED_JSON,
    /** A name stands twice. */
    DUPLICATE_NAME,
    /** An element type that the format does not have. */
    UNKNOWN_DTYPE,
    /** Shape and byte range disagree, or the shape overflows. */
    SIZE_MISMATCH,
    /** Tensors overlap, leave a gap, or do not end at the end of the file. */
    BAD_TILING,
    /** The file ends before its tensors do. */
    TRUNCATED,
    /** A shard's name in the index is no plain file name, or a file is a link out of the folder. */
    BAD_SHARD_NAME,
    /** Index and shards do not name the same tensors. */
    INDEX_MISMATCH,
    /** The configuration lacks a key, or holds a value that cannot be. */
    BAD_CONFIG,
    /** Tensors and configuration disagree. */
    CONFIG_MISMATCH,
    /** A family that Coppice does not know, or an unknown variant of it. */
    UNKNOWN_FAMILY
  }

  private final Reason reason;
  private final String detail;
  private final String file;

  /**
   * A broken rule.
   *
   * @param reason which rule
   * @param file the file that breaks it
   * @param detail the thing, the rule and the value
   */
  public CheckpointFormatException(Reason reason, Path file, String detail) {
    this(reason, file, detail, null);
  }

  /**
   * A broken rule with what was caught.
   *
   * @param reason which rule
   * @param file the file that breaks it
   * @param detail the thing, the rule and the value
   * @param cause what was caught
   */
  public CheckpointFormatException(
      Reason reason, Path file, String detail, @Nullable Throwable cause) {
    super(ErrorKind.INPUT_INVALID, file + ": " + PlainText.of(detail), cause);
    this.reason = reason;
    this.detail = PlainText.of(detail);
    this.file = file.toString();
  }

  /** Which rule is broken. */
  public Reason reason() {
    return reason;
  }

  /** Whether the fault was found in a file of that plain name, without a folder. */
  public boolean isOf(String name) {
    return file.equals(name);
  }

  /** The same fault, found in that file. */
  public CheckpointFormatException at(Path file) {
    return new CheckpointFormatException(reason, file, detail, this);
  }
}
