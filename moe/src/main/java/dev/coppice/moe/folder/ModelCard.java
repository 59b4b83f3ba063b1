package dev.coppice.moe.folder;

import com.google.common.collect.ImmutableList;
import com.google.common.collect.ImmutableMap;
import com.google.common.collect.Maps;
import java.io.IOException;
import java.nio.charset.CharacterCodingException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * The model card of a checkpoint that was made of another: {@code README.md}, with the front matter
 * that the Hugging Face Hub reads.
 *
 * <p>Licence, languages and pipeline tag are those of the source's card, line by line as they stand
 * there: nothing is read and written anew, so that {@code no} stays a language. The base model is
 * named only if the source lies in a cache of the Hub, whose folders are {@code
 * models--ORGANISATION--NAME/snapshots/REVISION}; another folder's name says nothing to the Hub.
 */
public final class ModelCard {
  private static final String FENCE = "---";
  private static final String PIPELINE = "pipeline_tag";

  private static final Pattern KEY = Pattern.compile("[\"']?([A-Za-z][\\w-]*)[\"']?\\s*:.*");

  /** What YAML takes from another key, which may not be there. */
  private static final Pattern ALIAS =
      Pattern.compile("(?:^|[\\s\\[,])\\*[\\w-]+\\s*(?:$|[\\],#])");

  private static final Pattern CACHED = Pattern.compile("models--(?:(.+?)--)?(.+)");

  /** A name that YAML reads as a text as it stands. */
  private static final Pattern PLAIN = Pattern.compile("[A-Za-z][\\w.-]*/[\\w.-]+");

  private static final ImmutableList<String> INHERITED =
      ImmutableList.of("license", "license_name", "license_link", "language", PIPELINE);

  private final ImmutableMap<String, List<String>> inherited;
  private final Optional<String> baseModel;

  private ModelCard(ImmutableMap<String, List<String>> inherited, Optional<String> baseModel) {
    this.inherited = inherited;
    this.baseModel = baseModel;
  }

  /**
   * A card that takes over the front matter of a checkpoint's card.
   *
   * @param card of the source, if it has one; one that is not UTF-8 is read as none
   * @param origin folder of the base model
   */
  public static ModelCard of(Optional<Path> card, Path origin) throws IOException {
    try {
      return inheriting(
          card.isPresent() ? Optional.of(Files.readString(card.get())) : Optional.empty(), origin);
    } catch (CharacterCodingException e) {
      return inheriting(Optional.empty(), origin);
    }
  }

  /** What a card takes over from the source's, if it has one. */
  static ModelCard inheriting(Optional<String> sourceCard, Path source) {
    ImmutableMap.Builder<String, List<String>> kept = ImmutableMap.builder();
    List<String> current = new ArrayList<>();
    for (String line : sourceCard.map(ModelCard::frontMatter).orElse(ImmutableList.of())) {
      Matcher key = KEY.matcher(line);
      if (key.matches()) {
        current = new ArrayList<>();
        if (INHERITED.contains(key.group(1))) {
          kept.put(key.group(1), current);
        }
      }
      current.add(line);
    }
    return new ModelCard(
        ImmutableMap.copyOf(
            Maps.filterValues(
                kept.buildKeepingLast(), lines -> lines.stream().noneMatch(ALIAS.asPredicate()))),
        hubId(source));
  }

  /** The same without a base model, for weights that do not come from one. */
  public ModelCard withoutBase() {
    return new ModelCard(inherited, Optional.empty());
  }

  private static ImmutableList<String> frontMatter(String card) {
    String text = card.startsWith("\uFEFF") ? card.substring(1) : card;
    ImmutableList<String> lines =
        text.lines()
            .map(String::stripTrailing)
            .dropWhile(String::isEmpty)
            .collect(ImmutableList.toImmutableList());
    if (lines.isEmpty() || !lines.get(0).equals(FENCE)) {
      return ImmutableList.of();
    }
    int end = lines.subList(1, lines.size()).indexOf(FENCE);
    return end < 0 ? ImmutableList.of() : lines.subList(1, end + 1);
  }

  /**
   * The name of a folder on the Hub, if the folder lies in one of its caches.
   *
   * @param folder any
   */
  public static Optional<String> hubId(Path folder) {
    Path snapshots = folder.toAbsolutePath().normalize().getParent();
    Path cached = snapshots == null ? null : snapshots.getParent();
    Path last = cached == null ? null : cached.getFileName();
    if (snapshots == null || last == null || !snapshots.endsWith("snapshots")) {
      return Optional.empty();
    }
    Matcher name = CACHED.matcher(last.toString());
    return name.matches()
        ? Optional.of(name.group(1) == null ? name.group(2) : name.group(1) + "/" + name.group(2))
        : Optional.empty();
  }

  /**
   * The whole file.
   *
   * @param tags of the card
   * @param body Markdown below the front matter
   */
  public String text(List<String> tags, String body) {
    return header(tags) + "\n" + body;
  }

  /** The front matter with its fences. */
  String header(List<String> tags) {
    StringBuilder text = new StringBuilder(FENCE).append('\n');
    inherited.forEach((key, lines) -> lines.forEach(line -> text.append(line).append('\n')));
    baseModel.ifPresent(id -> text.append("base_model: ").append(scalar(id)).append('\n'));
    text.append("library_name: transformers\n");
    if (!inherited.containsKey(PIPELINE)) {
      text.append(PIPELINE).append(": text-generation\n");
    }
    text.append("tags:\n");
    tags.forEach(tag -> text.append("- ").append(tag).append('\n'));
    return text.append(FENCE).append('\n').toString();
  }

  private static String scalar(String id) {
    return PLAIN.matcher(id).matches()
        ? id
        : '"' + id.replace("\\", "\\\\").replace("\"", "\\\"") + '"';
  }
}
