package dev.coppice.train.data;

import static org.assertj.core.api.Assertions.assertThat;

import dev.coppice.moe.io.Folders;
import dev.coppice.moe.text.ByteTokenizer;
import dev.coppice.train.data.encode.CorpusBuilder;
import dev.coppice.train.data.token.TokenFile;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Processes that make one entry of a cache at once. */
class SharedCacheTest {
  @TempDir private Path folder;
  private Path text;
  private Path cache;
  private final List<Process> processes = new ArrayList<>();

  @BeforeEach
  void makeText() throws IOException {
    text = Files.writeString(folder.resolve("text"), "what two read ".repeat(200_000));
    cache = folder.resolve("cache");
  }

  @AfterEach
  void endProcesses() {
    processes.forEach(Process::destroyForcibly);
  }

  private Process prepare(Path into) throws IOException {
    Process process =
        new ProcessBuilder(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "-Xmx256m",
                "-XX:+UseSerialGC",
                "-XX:TieredStopAtLevel=1",
                "-cp",
                System.getProperty("java.class.path"),
                PreparingProcess.class.getName(),
                text.toString(),
                into.toString(),
                folder.resolve("run-" + processes.size()).toString())
            .redirectError(folder.resolve("log-" + processes.size()).toFile())
            .start();
    processes.add(process);
    return process;
  }

  private static void goOn(Process process) throws IOException {
    process.getOutputStream().write('\n');
    process.getOutputStream().flush();
  }

  /** The process' last words, when it has ended well. */
  private String end(Process process) throws Exception {
    List<String> said = process.inputReader().lines().toList();
    assertThat(process.waitFor(60, TimeUnit.SECONDS)).isTrue();
    String log = Files.readString(folder.resolve("log-" + processes.indexOf(process)));
    assertThat(process.exitValue()).as(log).isZero();
    return said.get(said.size() - 1);
  }

  private static List<Path> entries(Path cache) throws IOException {
    try (Stream<Path> entries = Files.list(cache.resolve("tokens"))) {
      return entries.toList();
    }
  }

  @Test
  void twoThatMakeItAtOnceEndWithTheSameWholeFile() throws Exception {
    Process first = prepare(cache);
    Process second = prepare(cache);
    for (Process process : List.of(first, second)) {
      assertThat(process.inputReader().readLine()).isEqualTo("making");
    }
    assertThat(entries(cache)).as("both are at it").hasSize(2);
    goOn(first);
    goOn(second);
    String fingerprint = end(first);
    assertThat(end(second)).isEqualTo(fingerprint);

    assertThat(entries(cache)).hasSize(1);
    Path made = entries(cache).get(0).resolve("text.tokens");
    try (TokenFile file = TokenFile.open(made)) {
      file.verify();
      assertThat(file.fingerprint()).isEqualTo(fingerprint);
    }
    Path alone = folder.resolve("alone.tokens");
    CorpusBuilder.tokenize(List.of(text), new ByteTokenizer(), alone).close();
    assertThat(made).hasSameBinaryContentAs(alone);
  }

  @Test
  void oneThatIsKilledInTheMidstHarmsNoOther() throws Exception {
    Process killed = prepare(cache);
    assertThat(killed.inputReader().readLine()).isEqualTo("making");
    killed.destroyForcibly();
    assertThat(killed.waitFor(30, TimeUnit.SECONDS)).isTrue();
    Process second = prepare(cache);
    goOn(second);
    assertThat(second.inputReader().readLine()).isEqualTo("making");
    String fingerprint = end(second);
    List<Path> whole =
        entries(cache).stream().filter(entry -> !Folders.name(entry).startsWith(".")).toList();
    assertThat(whole).hasSize(1);
    try (TokenFile file = TokenFile.open(whole.get(0).resolve("text.tokens"))) {
      file.verify();
      assertThat(file.fingerprint()).isEqualTo(fingerprint);
    }
  }
}
