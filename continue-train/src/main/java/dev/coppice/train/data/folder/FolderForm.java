package dev.coppice.train.data.folder;

import dev.coppice.moe.CoppiceException;
import dev.coppice.moe.ErrorKind;
import dev.coppice.train.data.reading.DataForm;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Collectors;

/**
 * Which form of data a folder holds: the one form, other than text, that its files have; text where
 * they have none. Files that describe the data may lie beside it; a mixture of forms is refused.
 */
final class FolderForm {
  private FolderForm() {}

  /**
   * The form of a folder.
   *
   * @param folder or archive
   * @param files in it
   * @throws CoppiceException when there are several
   */
  static DataForm of(Path folder, List<DataWalk.Sighted> files) {
    Map<DataForm, List<DataWalk.Sighted>> byForm = new EnumMap<>(DataForm.class);
    for (DataWalk.Sighted file : files) {
      file.nature()
          .form()
          .ifPresent(form -> byForm.computeIfAbsent(form, f -> new ArrayList<>()).add(file));
    }
    List<DataWalk.Sighted> texts =
        Optional.ofNullable(byForm.remove(DataForm.TEXT)).orElse(List.of());
    if (byForm.isEmpty()) {
      checkOtherJson(folder, texts);
      return DataForm.TEXT;
    }
    DataForm form = byForm.keySet().iterator().next();
    List<DataWalk.Sighted> data = byForm.getOrDefault(form, List.of());
    List<DataWalk.Sighted> others = new ArrayList<>(texts);
    if (form.isTokens()) {
      files.stream().filter(file -> file.nature().form().isEmpty()).forEach(others::add);
    }
    others.removeIf(file -> Companions.isOne(file, form, data));
    if (byForm.size() > 1 || !others.isEmpty()) {
      throw mixed(folder, byForm, others);
    }
    return form;
  }

  /** JSON without texts is not read as text where nothing but descriptions lies beside it. */
  private static void checkOtherJson(Path folder, List<DataWalk.Sighted> texts) {
    List<DataWalk.Sighted> json = texts.stream().filter(Companions::isOtherJson).toList();
    boolean alone =
        texts.stream().allMatch(file -> Companions.isOtherJson(file) || Companions.describes(file));
    if (!json.isEmpty() && alone) {
      throw new CoppiceException(
          ErrorKind.INPUT_INVALID,
          "no data can be read from "
              + folder
              + ": "
              + some(json)
              + " holds "
              + json.get(0).nature().reason());
    }
  }

  private static CoppiceException mixed(
      Path folder, Map<DataForm, List<DataWalk.Sighted>> byForm, List<DataWalk.Sighted> others) {
    List<String> kinds =
        byForm.entrySet().stream()
            .map(entry -> entry.getKey().words() + " " + some(entry.getValue()))
            .collect(Collectors.toCollection(ArrayList::new));
    if (!others.isEmpty()) {
      boolean texts = others.stream().allMatch(file -> file.nature().form().isPresent());
      kinds.add((texts ? "text " : "other files ") + some(others));
    }
    return new CoppiceException(
        ErrorKind.INPUT_INVALID,
        "folder must hold one kind of data, or --data-format must name the wanted kind, got "
            + String.join(", ", kinds)
            + " ("
            + folder
            + ")");
  }

  private static String some(List<DataWalk.Sighted> files) {
    String first = files.get(0).item().name();
    return files.size() == 1
        ? "(" + first + ")"
        : "(" + files.size() + " files such as " + first + ")";
  }

  /** Whether a file is read where a form is wanted. */
  static boolean fits(DataWalk.Sighted file, DataForm form) {
    Optional<DataForm> own = file.nature().form();
    boolean same = own.equals(Optional.of(form));
    return switch (form) {
      case TEXT -> same || own.equals(Optional.of(DataForm.JSONL));
      case NANOGPT -> same || own.equals(Optional.of(DataForm.MEGATRON));
      default -> same;
    };
  }

  /** Why a file that does not fit is left out. */
  static String reason(DataWalk.Sighted file, DataForm form) {
    FileNature nature = file.nature();
    if (!nature.reason().isEmpty()) {
      return nature.reason();
    }
    return nature.form().map(DataForm::words).orElse("other") + " beside " + form.words();
  }
}
