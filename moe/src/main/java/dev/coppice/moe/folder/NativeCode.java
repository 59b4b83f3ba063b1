package dev.coppice.moe.folder;

import static com.google.common.base.Preconditions.checkArgument;

import com.fasterxml.jackson.core.type.TypeReference;
import com.fasterxml.jackson.databind.node.ObjectNode;
import com.google.common.base.Supplier;
import com.google.common.base.Suppliers;
import com.google.common.collect.ImmutableSet;
import dev.coppice.moe.family.Family;
import dev.coppice.moe.io.PlainJson;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;

/**
 * The parts of a folder that transformers reads without external code.
 *
 * <p>Types of models are in the family data ({@code native}). Classes of tokenizers are in {@code
 * native_tokenizers.json} beside this class, and need the folder's {@code tokenizer.json}.
 *
 * @param modelType the configuration's type, if transformers supports it
 */
public record NativeCode(Optional<String> modelType) {
  /** Nothing is known. */
  public static final NativeCode NONE = new NativeCode(Optional.empty());

  private static final String TOKENIZER_CONFIG = "tokenizer_config.json";
  private static final String TOKENIZER = "tokenizer.json";
  private static final String FAST = "Fast";
  private static final Supplier<ImmutableSet<String>> TOKENIZERS =
      Suppliers.memoize(NativeCode::tokenizers);

  /** What is known of a configuration. */
  public static NativeCode of(Family family, ObjectNode config) {
    String type = config.path("model_type").asText();
    return new NativeCode(Optional.of(type).filter(family.nativeTypes()::contains));
  }

  /**
   * What transformers needs no {@code auto_map} for, in words.
   *
   * @param file that has the {@code auto_map}
   * @param tree what the file holds
   */
  Optional<String> known(Path file, ObjectNode tree) {
    return switch (file.getFileName().toString()) {
      case FolderFiles.CONFIG -> modelType;
      case TOKENIZER_CONFIG -> tokenizer(file, tree);
      default -> Optional.empty();
    };
  }

  private static Optional<String> tokenizer(Path file, ObjectNode tree) {
    String name = tree.path("tokenizer_class").asText();
    String plain = name.endsWith(FAST) ? name.substring(0, name.length() - FAST.length()) : name;
    return Optional.of(name)
        .filter(any -> TOKENIZERS.get().contains(plain))
        .filter(any -> Files.isRegularFile(file.resolveSibling(TOKENIZER)));
  }

  private static ImmutableSet<String> tokenizers() {
    try (InputStream in = NativeCode.class.getResourceAsStream("native_tokenizers.json")) {
      checkArgument(in != null, "native_tokenizers.json must be a resource, got none");
      return ImmutableSet.copyOf(
          PlainJson.mapper().readValue(in, new TypeReference<List<String>>() {}));
    } catch (IOException e) {
      throw new UncheckedIOException("native_tokenizers.json must be readable", e);
    }
  }
}
