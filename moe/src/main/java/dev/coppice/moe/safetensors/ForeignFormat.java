package dev.coppice.moe.safetensors;

import com.google.common.base.Ascii;
import java.util.Optional;

/** Recognises what is often found under the name of a checkpoint's file instead of that file. */
public final class ForeignFormat {
  private ForeignFormat() {}

  /**
   * The form of a file, with advice; empty if it is nothing known here.
   *
   * @param start its first bytes as Latin-1, 64 of them where there are so many
   */
  public static Optional<String> of(String start) {
    String text =
        Ascii.toLowerCase(start.startsWith("\u00EF\u00BB\u00BF") ? start.substring(3) : start);
    String tag = text.stripLeading();
    if (text.startsWith("version https://git-lfs")) {
      return Optional.of("a git-LFS pointer (fetch the file itself, with git lfs pull)");
    }
    if (tag.startsWith("<!doctype") || tag.startsWith("<html") || tag.startsWith("<?xml")) {
      return Optional.of("a web page (the download went wrong)");
    }
    if (text.startsWith("pk\u0003\u0004") || text.startsWith("\u0080\u0002")) {
      return Optional.of("a PyTorch pickle or zip (never read here; convert it to safetensors)");
    }
    return Optional.empty();
  }
}
