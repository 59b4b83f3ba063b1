package dev.coppice.moe.folder;

import com.google.common.collect.ImmutableList;
import dev.coppice.moe.safetensors.PlainText;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/**
 * Files that growth and training copy byte for byte: tokenizer, settings, licence and the like, the
 * sub-folders that readers of checkpoints know, and the code that a configuration names. Nothing of
 * it is ever run.
 *
 * @param files by path; all lie in the folder or are links that stay in its hub cache
 * @param references what a copy says of code that is not there
 * @param notes what else is there and is not carried on, and which code is, a sentence each
 */
public record CarriedFiles(
    ImmutableList<Path> files, CodeReferences references, ImmutableList<String> notes) {
  private static final int MOST_NAMED = 10;

  /** Weights of the model as it was, in the formats of other programs. */
  private static final Set<String> OTHER_WEIGHTS =
      Set.of(
          "bin",
          "pt",
          "pth",
          "ckpt",
          "pkl",
          "pickle",
          "joblib",
          "gguf",
          "ggml",
          "llamafile",
          "onnx",
          "onnx_data",
          "ort",
          "h5",
          "hdf5",
          "keras",
          "msgpack",
          "tflite",
          "mlmodel",
          "mlpackage",
          "ot",
          "npz",
          "npy",
          "nemo",
          "engine",
          "plan",
          "pte",
          "ptl",
          "torchscript",
          "mar",
          "distcp",
          "orbax",
          "pdparams",
          "pdiparams",
          "pdmodel",
          "pdopt",
          "mindir",
          "mnn",
          "rknn",
          "axmodel",
          "dlc",
          "hef",
          "exl2",
          "exl3",
          "q4f16",
          "mllm");

  /** Packed weights, and what describes weights that stay behind. */
  private static final Pattern WEIGHTS =
      Pattern.compile(
          ".*\\.onnx.*|.*\\.gguf.*|.*\\.safetensors\\.(?!index\\.json$).*|openvino_.*\\.xml"
              + "|.*\\.(?:bin|pth?|h5|msgpack)\\.(?:gz|zst|xz|bz2|zip|part.*)");

  private static final Pattern ADAPTER = Pattern.compile("adapter_(config\\.json|model\\..*)");

  /** Sub-folders of chat templates, chat code, tokenizers, and steps behind a model. */
  private static final Pattern KNOWN_FOLDER =
      Pattern.compile(
          "additional_chat_templates|chat_templates?|encoding|custom_generate"
              + "|(\\w*_)?(tokenizer|processor)\\w*|\\d+_[A-Z]\\w*");

  /**
   * Finds the side files of a folder.
   *
   * @param known what transformers reads without code
   */
  public static CarriedFiles of(Path folder, NativeCode known) throws IOException {
    List<Path> carried = new ArrayList<>();
    List<String> weights = new ArrayList<>();
    List<String> folders = new ArrayList<>();
    for (Path entry : sorted(folder)) {
      String name = entry.getFileName().toString();
      if (name.startsWith(".")) {
        continue;
      }
      if (Files.isDirectory(entry)) {
        if (!KNOWN_FOLDER.matcher(name).matches() || Files.isSymbolicLink(entry)) {
          folders.add(name);
        } else {
          addAll(folder, entry, carried, weights);
        }
      } else if (isOtherWeights(name)) {
        weights.add(name);
      } else if (FolderFiles.isSideFile(name)) {
        carried.add(entry);
      }
    }
    carried.removeIf(file -> !Files.isRegularFile(file) || FolderFiles.leadsOut(folder, file));
    RemoteCode code = RemoteCode.of(folder, carried, known);
    carried.addAll(code.files());
    folders.removeIf(
        name -> code.files().stream().anyMatch(f -> f.startsWith(folder.resolve(name))));
    for (Path entry : sorted(folder)) {
      if (Files.isSymbolicLink(entry) && Files.exists(entry)) {
        Path target = entry.toRealPath();
        folders.removeIf(name -> target.startsWith(folder.toAbsolutePath().resolve(name)));
      }
    }
    List<String> notes = new ArrayList<>(code.notes());
    FolderFiles.linksOut(folder)
        .forEach(
            link ->
                notes.add(
                    PlainText.of(
                        link.getFileName() + " is a link out of the folder; it is not copied")));
    note(notes, "weights in other formats are not copied: ", weights);
    note(notes, "sub-folders without a known reader are not copied: ", folders);
    return new CarriedFiles(
        carried.stream().distinct().sorted().collect(ImmutableList.toImmutableList()),
        code.references(),
        ImmutableList.copyOf(notes));
  }

  /** Weights of steps behind a model and code of chat formats are what such folders are for. */
  private static void addAll(Path folder, Path sub, List<Path> carried, List<String> weights)
      throws IOException {
    try (Stream<Path> walk = Files.walk(sub)) {
      for (Path file : walk.filter(Files::isRegularFile).sorted().toList()) {
        String name = file.getFileName().toString();
        if (isOtherWeights(name)) {
          weights.add(folder.relativize(file).toString());
        } else if (!name.startsWith(".")) {
          carried.add(file);
        }
      }
    }
  }

  private static boolean isOtherWeights(String name) {
    String lower = name.toLowerCase(Locale.ROOT);
    String extension = lower.substring(lower.lastIndexOf('.') + 1);
    boolean index = lower.endsWith(".index.json") && !lower.equals(FolderFiles.INDEX);
    return OTHER_WEIGHTS.contains(extension)
        || ADAPTER.matcher(lower).matches()
        || WEIGHTS.matcher(lower).matches()
        || (index && !lower.contains("safetensors"));
  }

  private static void note(List<String> notes, String start, List<String> names) {
    if (!names.isEmpty()) {
      String rest =
          names.size() > MOST_NAMED ? " and " + (names.size() - MOST_NAMED) + " more" : "";
      notes.add(
          PlainText.of(
              start + names.stream().limit(MOST_NAMED).collect(Collectors.joining(", ")) + rest));
    }
  }

  private static List<Path> sorted(Path folder) throws IOException {
    try (Stream<Path> entries = Files.list(folder)) {
      return entries.sorted().toList();
    }
  }
}
