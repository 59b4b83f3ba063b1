package dev.coppice.train.data.folder;

import com.google.common.collect.ImmutableList;
import dev.coppice.moe.CoppiceException;
import dev.coppice.moe.ErrorKind;
import dev.coppice.moe.io.Folders;
import dev.coppice.train.data.reading.DataForm;
import dev.coppice.train.data.text.DataItem;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.Set;

/** Finds out what data a path holds, and how it is written. */
public final class DataFinder {
  private final Path path;
  private final Wanted wanted;

  private DataFinder(Path path, Wanted wanted) {
    this.path = path;
    this.wanted = wanted;
  }

  /**
   * The search.
   *
   * @param form of the data; auto to find it out
   * @param field of a JSON object that has the text
   * @param use use of the data, where names separate training files from others
   */
  public record Wanted(DataForm form, String field, SplitNames.Use use) {
    boolean isAuto() {
      return form == DataForm.AUTO;
    }
  }

  /**
   * The result.
   *
   * @param form of all items; never {@link DataForm#AUTO}
   * @param items to read, in order; at least one
   * @param leftOut what is not read
   * @param warnings for the user
   */
  public record Found(
      DataForm form,
      ImmutableList<DataItem> items,
      ImmutableList<LeftOut> leftOut,
      ImmutableList<String> warnings) {}

  /**
   * Content of a path.
   *
   * @param path of a file or folder; for Megatron also without its ending
   * @param wanted what is looked for
   * @throws CoppiceException when there is nothing, or the form cannot be determined
   */
  public static Found find(Path path, Wanted wanted) throws IOException {
    DataFinder finder = new DataFinder(path, wanted);
    if (Files.isDirectory(path) || (Files.exists(path) && isArchive(path))) {
      return finder.inFolder();
    }
    return finder.single();
  }

  private static boolean isArchive(Path path) {
    return DataWalk.isArchive(Folders.name(path));
  }

  private Found single() throws IOException {
    Path file = MegatronFiles.bin(path);
    if (!Files.exists(file)) {
      throw invalid(
          Files.exists(path)
              ? "index of Megatron must have its tokens beside it, got no " + file
              : "data path must exist, got " + path);
    }
    if (!Files.isRegularFile(file)) {
      throw invalid("data must be a file or folder, got " + path);
    }
    DataItem item = DataItem.of(file, Files.size(file));
    if (!wanted.isAuto()) {
      checkBare(file);
      return new Found(
          wanted.form(), ImmutableList.of(item), ImmutableList.of(), ImmutableList.of());
    }
    DataWalk.Sighted sighted = DataWalk.of(file, wanted.field()).files().get(0);
    FileNature nature = MegatronFiles.resolve(sighted, wanted.form()).nature();
    if (nature.form().isEmpty() || Companions.isOtherJson(sighted)) {
      throw invalid("no data can be read from " + path + ": " + nature.reason());
    }
    return new Found(
        nature.form().orElseThrow(),
        ImmutableList.of(item),
        ImmutableList.of(),
        warnings(List.of(sighted)));
  }

  /** Bare tokens have no header: that of another form would be read as tokens. */
  private void checkBare(Path file) throws IOException {
    if (wanted.form() != DataForm.NANOGPT) {
      return;
    }
    Optional<DataForm> own = DataWalk.of(file, wanted.field()).files().get(0).nature().form();
    if (own.isPresent() && own.get() != DataForm.NANOGPT && own.get().isReadInPlace()) {
      throw invalid(
          "file must hold bare tokens for --data-format nanogpt, got "
              + own.get().words()
              + " ("
              + file
              + ")");
    }
  }

  private Found inFolder() throws IOException {
    DataWalk.Below below = DataWalk.of(path, wanted.field());
    List<DataWalk.Sighted> files = new ArrayList<>();
    for (DataWalk.Sighted file : MegatronFiles.withoutIndexes(below.files())) {
      files.add(MegatronFiles.resolve(file, wanted.form()));
    }
    DataForm form = wanted.isAuto() ? FolderForm.of(path, files) : wanted.form();
    List<LeftOut> leftOut = new ArrayList<>(below.leftOut());
    List<DataWalk.Sighted> fit = new ArrayList<>();
    for (DataWalk.Sighted file : files) {
      if (FolderForm.fits(file, form)) {
        fit.add(file);
      } else {
        leftOut.add(new LeftOut(file.item().name(), FolderForm.reason(file, form)));
      }
    }
    return withoutOtherUse(form, fit, leftOut);
  }

  private Found withoutOtherUse(DataForm form, List<DataWalk.Sighted> fit, List<LeftOut> leftOut) {
    List<DataItem> items = fit.stream().map(DataWalk.Sighted::item).toList();
    Set<DataItem> unwanted =
        new HashSet<>(SplitNames.unwanted(items, wanted.use(), form == DataForm.TEXT));
    String reason =
        wanted.use() == SplitNames.Use.TRAIN
            ? "named as evaluation data, beside training data"
            : "named as training data, beside evaluation data";
    unwanted.stream()
        .map(item -> new LeftOut(item.name(), reason))
        .sorted((a, b) -> a.name().compareTo(b.name()))
        .forEach(leftOut::add);
    List<DataWalk.Sighted> taken =
        fit.stream().filter(file -> !unwanted.contains(file.item())).toList();
    if (taken.isEmpty()) {
      throw invalid(nothing(form, leftOut));
    }
    return new Found(
        form,
        taken.stream().map(DataWalk.Sighted::item).collect(ImmutableList.toImmutableList()),
        ImmutableList.copyOf(leftOut),
        warnings(taken));
  }

  private String nothing(DataForm form, List<LeftOut> leftOut) {
    String words = form == DataForm.TEXT ? "readable text" : form.words();
    String reasons = leftOut.isEmpty() ? "" : ": left out " + LeftOuts.abridged(leftOut);
    return "no " + words + " under " + path + reasons;
  }

  private ImmutableList<String> warnings(List<DataWalk.Sighted> taken) {
    ImmutableList.Builder<String> warnings = ImmutableList.builder();
    TableText.note(taken).ifPresent(warnings::add);
    for (DataWalk.Sighted file : taken) {
      JsonHead json = file.nature().json();
      String name = file.item().fileName();
      if (json == JsonHead.FIRST_LINE) {
        warnings.add(
            String.format(
                Locale.ROOT,
                "%s is read as text, though its first line is a JSON object with a \"%s\""
                    + " (--data-format jsonl reads objects)",
                file.item().place(),
                wanted.field()));
      } else if (wanted.isAuto() && json.isObjects() && !FileNature.isNamedJson(name)) {
        warnings.add(
            String.format(
                Locale.ROOT,
                "%s is read as JSON, as it holds objects with a \"%s\""
                    + " (--data-format text reads it as text)",
                file.item().place(),
                wanted.field()));
      }
    }
    return warnings.build();
  }

  private static CoppiceException invalid(String message) {
    return new CoppiceException(ErrorKind.INPUT_INVALID, message);
  }
}
