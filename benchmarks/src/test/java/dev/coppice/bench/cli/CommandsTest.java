package dev.coppice.bench.cli;

import static org.assertj.core.api.Assertions.assertThat;

import dev.coppice.moe.cli.Coppice;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import picocli.CommandLine;

/** The program with all modules on its class path. */
final class CommandsTest {
  @TempDir private Path folder;

  private final StringWriter out = new StringWriter();
  private final StringWriter err = new StringWriter();

  private int run(String... arguments) {
    CommandLine line = Coppice.commandLine();
    line.setOut(new PrintWriter(out)).setErr(new PrintWriter(err));
    return line.execute(arguments);
  }

  @Test
  void everyCommandHelps() {
    help(Coppice.commandLine(), 0);
  }

  private void help(CommandLine line, int depth) {
    StringWriter text = new StringWriter();
    line.setOut(new PrintWriter(text));
    assertThat(line.execute("--help")).as(line.getCommandName()).isZero();
    assertThat(text.toString()).contains("Usage: coppice").contains("--help");
    assertThat(depth).isLessThan(4);
    line.getSubcommands().values().forEach(sub -> help(sub, depth + 1));
  }

  @Test
  void aCommandThatComesFirstStandsAloneAndIsTheSame() {
    CommandLine all = Coppice.commandLine();
    all.getSubcommands()
        .forEach(
            (name, command) -> {
              CommandLine alone = Coppice.commandLineFor(name, "--help");
              assertThat(alone.getSubcommands()).containsOnlyKeys(name);
              assertThat(alone.getSubcommands().get(name).getUsageMessage())
                  .isEqualTo(command.getUsageMessage());
            });
    for (String[] others : new String[][] {{}, {"--help"}, {"no-such"}, {"--stacktrace", "grow"}}) {
      assertThat(Coppice.commandLineFor(others).getSubcommands().keySet())
          .isEqualTo(all.getSubcommands().keySet());
    }
  }

  @Test
  void versionIsOneLine() {
    assertThat(run("--version")).isZero();
    assertThat(out.toString().strip()).startsWith("coppice ").hasLineCount(1);
  }

  @Test
  void existingOutputIsRefusedWithUsageCode() {
    assertThat(run("demo", "--quiet", "--corpus", folder.toString(), "--out", folder.toString()))
        .isEqualTo(2);
    assertThat(err.toString()).contains("output folder must not exist, got " + folder);
  }

  @Test
  void emptyCorpusIsInvalidInput() throws Exception {
    Path corpus = Files.createDirectory(folder.resolve("empty"));
    Path to = folder.resolve("out");

    assertThat(run("demo", "--corpus", corpus.toString(), "--out", to.toString())).isEqualTo(3);
    assertThat(err.toString()).contains("no readable text under " + corpus);
    assertThat(to).doesNotExist();
  }

  @Test
  void badTimeAndBadBudgetAreUsageErrors() throws Exception {
    Path corpus = Files.createDirectory(folder.resolve("text"));

    assertThat(run("demo", "--corpus", corpus.toString(), "--minutes", "0")).isEqualTo(2);
    assertThat(run("demo", "--corpus", corpus.toString(), "--base-budget", "1.5")).isEqualTo(2);
    assertThat(err.toString())
        .contains("time must be positive, got 0.0 s")
        .contains("budget must be a whole number such as 3e15, got 1.5");
  }

  @Test
  void recipeThatIsNoneIsInvalidInput() throws Exception {
    Path recipe = Files.writeString(folder.resolve("recipe.json"), "{\"name\": 1, \"nope\": 2}");

    assertThat(run("bench", "grow-vs-scratch", "--spec", recipe.toString())).isEqualTo(3);
    assertThat(err.toString()).contains(recipe.toString());
  }
}
