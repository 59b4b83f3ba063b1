package dev.coppice.train.data.folder;

import dev.coppice.train.data.reading.DataForm;
import dev.coppice.train.data.text.DataItem;
import java.util.List;
import java.util.regex.Pattern;

/** Files that lie beside data and describe it, or made it. */
final class Companions {
  private static final Pattern DESCRIBES =
      Pattern.compile(
          "(?i)(read.?me|licen[cs]e|copying|notice|citation|authors|contributing|changelog|changes"
              + "|code_of_conduct|(data|dataset|data_set)_?(card|sheet)|(sha|md5|b2)\\w*sums?"
              + "|checksums?|manifest|requirements|version|_success)([-_.].*)?"
              + "|.*\\.(md|markdown|rst|ya?ml|toml|cfg|ini|lock|svg|sha256|md5|crc|idx)");

  /** Files that nanoGPT, llm.c and others write beside tokens. */
  private static final Pattern MADE_TOKENS =
      Pattern.compile(
          "(?i)(meta\\.pkl|input\\.txt|(meta|vocab|merges|tokenizer)[\\w-]*\\.\\w+|.*\\.(py|ipynb|sh))");

  private static final Pattern MAKES = Pattern.compile("(?i)(prepare|download)[\\w-]*\\.(py|sh)");

  private Companions() {}

  /**
   * Whether a file belongs to data of a form without being data.
   *
   * @param file that is none of the form
   * @param form of the data
   * @param data files of the form beside it
   */
  static boolean isOne(DataWalk.Sighted file, DataForm form, List<DataWalk.Sighted> data) {
    String name = file.item().fileName();
    return describes(file)
        || MAKES.matcher(name).matches()
        || isLoader(file.item())
        || isOtherJson(file)
        || (form.isTokens() && (MADE_TOKENS.matcher(name).matches() || isRaw(name, data)));
  }

  /** Whether a file describes data. */
  static boolean describes(DataWalk.Sighted file) {
    return DESCRIBES.matcher(file.item().fileName()).matches();
  }

  /** Whether a file is JSON, by name and content, without the texts that are looked for. */
  static boolean isOtherJson(DataWalk.Sighted file) {
    return file.nature().json() == JsonHead.OTHER && FileNature.isNamedJson(file.item().fileName());
  }

  /** The script that loads a data set of Hugging Face is named as its folder is. */
  private static boolean isLoader(DataItem item) {
    String[] names = item.name().split("/", -1);
    return names.length > 1
        && names[names.length - 1].equals(names[names.length - 2].replace('-', '_') + ".py");
  }

  /** The text that llm.c made tokens of: {@code a.txt} beside {@code a_train.bin}. */
  private static boolean isRaw(String name, List<DataWalk.Sighted> data) {
    int dot = name.lastIndexOf('.');
    String stem = dot < 0 ? name : name.substring(0, dot);
    return name.endsWith(".txt")
        && data.stream().anyMatch(each -> each.item().fileName().startsWith(stem + "_"));
  }
}
