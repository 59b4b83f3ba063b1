package dev.coppice.bench.cli;

import static org.assertj.core.api.Assertions.assertThat;

import com.google.common.collect.ImmutableList;
import com.google.common.collect.ImmutableSet;
import com.google.common.io.MoreFiles;
import com.google.common.io.RecursiveDeleteOption;
import dev.coppice.moe.cli.Coppice;
import dev.coppice.moe.family.Family;
import dev.coppice.moe.safetensors.Dtype;
import dev.coppice.moe.spec.GroupedAttention;
import dev.coppice.moe.spec.LayerSpec;
import dev.coppice.moe.spec.MoeSpec;
import dev.coppice.moe.spec.RouterSpec;
import dev.coppice.moe.testing.TinyCheckpoints;
import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.TestFactory;
import org.junit.jupiter.api.io.TempDir;
import picocli.CommandLine;

/**
 * Runs the commands that the README and the pages of {@code docs} show, in the order of each page,
 * on a tiny checkpoint and a few texts. Budgets shrink with the model; the demo and benchmarks have
 * tests of their own, and so has a growth that is resumed.
 */
class DocumentedCommandsTest {
  private static final Path ROOT = Path.of("").toAbsolutePath().getParent();
  private static final Pattern WORD = Pattern.compile("\"([^\"]*)\"|(\\S+)");
  private static final Pattern STEP = Pattern.compile("(run2?)/step-\\d+");
  private static final ImmutableSet<String> OUTPUTS =
      ImmutableSet.of("grown", "run", "run2", "logits.safetensors", "norms.svg");
  private static final ImmutableSet<String> INPUTS =
      ImmutableSet.of(
          "base",
          "texts",
          "held-out",
          "web",
          "books.jsonl",
          "questions.jsonl",
          "ids.json",
          "recipe.yaml");
  private static final LayerSpec MIXTURE = new LayerSpec.Moe(4, 2, 4);
  private static final MoeSpec SPEC =
      new MoeSpec(
          "qwen3_moe",
          256,
          8,
          GroupedAttention.plain(2, 1, 4, true, 10_000),
          new RouterSpec(true),
          ImmutableList.of(MIXTURE, MIXTURE),
          1e-6,
          false,
          64);

  @TempDir private Path parent;

  @TestFactory
  Stream<DynamicTest> everyShownCommandRuns() throws IOException {
    List<Path> pages = new ArrayList<>(List.of(ROOT.resolve("README.md")));
    try (Stream<Path> docs = Files.list(ROOT.resolve("docs"))) {
      docs.filter(page -> page.toString().endsWith(".md")).sorted().forEach(pages::add);
    }
    assertThat(pages).hasSizeGreaterThan(5);
    return pages.stream()
        .filter(page -> !commands(page).isEmpty())
        .map(page -> DynamicTest.dynamicTest(page.getFileName().toString(), () -> runAll(page)));
  }

  private void runAll(Path page) throws IOException {
    Path folder = Files.createDirectory(parent.resolve(page.getFileName().toString()));
    prepare(folder);
    for (String command : commands(page)) {
      List<String> words = words(command, folder);
      if (!words.contains("--resume")) {
        clearOutput(words, folder);
      }
      StringWriter err = new StringWriter();
      CommandLine line = Coppice.commandLine();
      line.setOut(new PrintWriter(new StringWriter())).setErr(new PrintWriter(err));
      assertThat(line.execute(words.toArray(String[]::new))).as("%s\n%s", command, err).isZero();
    }
  }

  private static List<String> commands(Path page) {
    try (Stream<String> lines = Files.lines(page)) {
      return lines
          .filter(line -> line.startsWith("./coppice "))
          .map(line -> line.replaceFirst("\\s+#.*", "").substring("./coppice ".length()))
          .filter(line -> !line.startsWith("demo") && !line.startsWith("bench"))
          .filter(line -> !(line.startsWith("grow ") && line.endsWith("--resume")))
          .toList();
    } catch (IOException e) {
      throw new java.io.UncheckedIOException(e);
    }
  }

  private static List<String> words(String command, Path folder) throws IOException {
    List<String> words = new ArrayList<>();
    Matcher matcher = WORD.matcher(command.replace("3e15", "2e8"));
    while (matcher.find()) {
      String word = matcher.group(1) == null ? matcher.group(2) : matcher.group(1);
      words.add(placed(word, folder));
    }
    return words;
  }

  private static String placed(String word, Path folder) throws IOException {
    Matcher step = STEP.matcher(word);
    if (step.matches()) {
      return newestStep(folder.resolve(step.group(1))).toString();
    }
    String name = word.replaceFirst("=.*", "");
    boolean file = INPUTS.contains(name) || OUTPUTS.contains(name) || name.endsWith(".html");
    return file ? folder.resolve(word).toString() : word;
  }

  private static Path newestStep(Path run) throws IOException {
    try (Stream<Path> all = Files.list(run)) {
      return all.filter(path -> path.getFileName().toString().startsWith("step-"))
          .max(Comparator.naturalOrder())
          .orElseThrow();
    }
  }

  /** A page may show one output twice; the reader would have chosen another name. */
  private static void clearOutput(List<String> words, Path folder) throws IOException {
    int out = words.indexOf("--out");
    boolean grows = words.get(0).equals("grow") && !words.contains("--dry-run");
    if (!grows && out < 0) {
      return;
    }
    Path path = Path.of(words.get(grows ? 2 : out + 1));
    if (path.startsWith(folder) && Files.isDirectory(path)) {
      MoreFiles.deleteRecursively(path, RecursiveDeleteOption.ALLOW_INSECURE);
    }
  }

  private static void prepare(Path folder) throws IOException {
    TinyCheckpoints.write(
        folder.resolve("base"),
        SPEC,
        Family.named("qwen3_moe").configFor(SPEC),
        new TinyCheckpoints.Options(Dtype.F32, 1, 1 << 20));
    for (String name : List.of("texts", "held-out", "web")) {
      Path texts = Files.createDirectory(folder.resolve(name));
      for (int i = 0; i < 20; i++) {
        Files.writeString(
            texts.resolve(i + ".txt"), name + i + " the old root drives new wood ".repeat(9));
      }
    }
    Files.writeString(
        folder.resolve("books.jsonl"),
        IntStream.range(0, 400)
            .mapToObj(i -> "{\"text\": \"book " + i + " of the old root and the new wood\"}\n")
            .collect(Collectors.joining()));
    Files.writeString(
        folder.resolve("questions.jsonl"),
        "{\"context\": \"new \", \"choices\": [\"wood\", \"root\"], \"answer\": 0}\n".repeat(3));
    Files.writeString(folder.resolve("ids.json"), "[[1,2,3],[4,5,6]]");
    Files.writeString(
        folder.resolve("recipe.yaml"), "operators:\n  - operator: interpose\n    factor: 2\n");
    run("grow", folder, "base", "grown", "--depth", "2");
    run("train", folder, "grown", "--data", "texts", "--out", "run", "--steps", "2");
  }

  private static void run(String name, Path folder, String... arguments) throws IOException {
    List<String> words = new ArrayList<>(List.of(name));
    for (String argument : arguments) {
      words.add(placed(argument, folder));
    }
    StringWriter err = new StringWriter();
    CommandLine line = Coppice.commandLine();
    line.setOut(new PrintWriter(new StringWriter())).setErr(new PrintWriter(err));
    assertThat(line.execute(words.toArray(String[]::new))).as("%s", err).isZero();
  }
}
