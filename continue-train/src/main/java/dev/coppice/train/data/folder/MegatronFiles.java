package dev.coppice.train.data.folder;

import com.google.common.collect.ImmutableList;
import dev.coppice.moe.CoppiceException;
import dev.coppice.moe.ErrorKind;
import dev.coppice.moe.io.Folders;
import dev.coppice.train.data.foreign.MegatronIndex;
import dev.coppice.train.data.foreign.MegatronTokens;
import dev.coppice.train.data.reading.DataForm;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.regex.Pattern;
import java.util.stream.Collectors;

/**
 * Tells {@code .bin} files that have an index from others; an index that does not fit is refused.
 */
final class MegatronFiles {
  /** How Megatron's own tool names what it writes. */
  private static final Pattern NAMED =
      Pattern.compile("(?i).*_(text|content)_(document|sentence)\\.bin|.*_document\\.bin");

  private MegatronFiles() {}

  /**
   * The {@code .bin} of a data set, by any of its names.
   *
   * @param path of it, of its index, or of both without the ending; or of any other file
   */
  static Path bin(Path path) {
    String name = Folders.name(path);
    if (name.endsWith(".idx")) {
      return path.resolveSibling(name.substring(0, name.length() - 4) + ".bin");
    }
    Path bin = path.resolveSibling(name + ".bin");
    return !Files.exists(path)
            && (Files.exists(bin) || Files.exists(path.resolveSibling(name + ".idx")))
        ? bin
        : path;
  }

  /** Files without the indexes that belong to one of them. */
  static ImmutableList<DataWalk.Sighted> withoutIndexes(List<DataWalk.Sighted> files) {
    Set<Path> indexes =
        files.stream()
            .map(DataWalk.Sighted::item)
            .filter(item -> FileNature.isNamedBin(item.fileName()) && item.entry().isEmpty())
            .map(item -> MegatronTokens.indexOf(item.file()))
            .collect(Collectors.toSet());
    return files.stream()
        .filter(file -> !indexes.contains(file.item().file()))
        .collect(ImmutableList.toImmutableList());
  }

  /**
   * A file with Megatron's form where an index is beside it.
   *
   * @param file any
   * @param wanted form; auto or Megatron make an index that is none an error
   * @throws CoppiceException when the index is lost or is none
   */
  static DataWalk.Sighted resolve(DataWalk.Sighted file, DataForm wanted) throws IOException {
    boolean bare = file.nature().form().equals(Optional.of(DataForm.NANOGPT));
    if (!bare || (wanted != DataForm.AUTO && wanted != DataForm.MEGATRON)) {
      return file;
    }
    Path bin = file.item().file();
    Path index = MegatronTokens.indexOf(bin);
    if (!Files.exists(index)) {
      boolean lost = wanted == DataForm.AUTO && NAMED.matcher(Folders.name(bin)).matches();
      require(!lost, "index of Megatron must be beside " + bin + ", got none", index);
      return file;
    }
    require(
        MegatronIndex.isIndex(index), "index must begin with MMIDIDX, got " + got(index), index);
    return new DataWalk.Sighted(
        file.item(), new FileNature(Optional.of(DataForm.MEGATRON), "", JsonHead.NONE));
  }

  private static String got(Path index) throws IOException {
    try (InputStream in = Files.newInputStream(index)) {
      String start = new String(in.readNBytes(8), StandardCharsets.ISO_8859_1);
      return start.startsWith("TNTIDX")
          ? "TNTIDX, the older form of fairseq, which is not read"
          : "other bytes: it is damaged, or no index of Megatron";
    }
  }

  private static void require(boolean holds, String rule, Path index) {
    if (!holds) {
      throw new CoppiceException(
          ErrorKind.INPUT_INVALID,
          rule + " (" + index + "; --data-format nanogpt with --bin-width reads the .bin alone)");
    }
  }
}
