package dev.coppice.moe.cli;

import static org.assertj.core.api.Assertions.assertThat;

import dev.coppice.moe.CoppiceException;
import dev.coppice.moe.ErrorKind;
import java.io.EOFException;
import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.io.UncheckedIOException;
import java.nio.charset.MalformedInputException;
import java.nio.file.AccessDeniedException;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.FileSystemException;
import java.nio.file.NoSuchFileException;
import java.nio.file.NotDirectoryException;
import java.util.List;
import java.util.concurrent.Callable;
import org.junit.jupiter.api.Test;
import picocli.CommandLine;
import picocli.CommandLine.Command;

class CoppiceTest {
  private final StringWriter out = new StringWriter();
  private final StringWriter err = new StringWriter();

  @Command(name = "fail")
  private record Failing(Exception fault) implements Callable<Integer> {
    @Override
    public Integer call() throws Exception {
      throw fault;
    }
  }

  @Test
  void tellsItsVersion() {
    assertThat(run(new IOException(), "--version")).isZero();
    assertThat(out.toString()).startsWith("coppice 0.");
  }

  @Test
  void helpsEverywhere() {
    assertThat(run(new IOException(), "fail", "--help")).isZero();
    assertThat(out.toString()).contains("Usage: coppice fail");
  }

  @Test
  void everyBlameHasItsCode() {
    assertThat(run(new CoppiceException(ErrorKind.INPUT_INVALID, "shard must exist"), "fail"))
        .isEqualTo(3);
    assertThat(run(new CoppiceException(ErrorKind.PREEMPTED, "stopped"), "fail")).isEqualTo(75);
    assertThat(run(new IllegalArgumentException("depth must be positive"), "fail")).isEqualTo(2);
    assertThat(run(new IOException("disk gone"), "fail")).isEqualTo(1);
    assertThat(run(new IOException(), "fail", "--no-such-option")).isEqualTo(2);
  }

  @Test
  void anErrorIsOneLineUnlessTheStackIsAskedFor() {
    run(new CoppiceException(ErrorKind.INPUT_INVALID, "shard must exist"), "fail");
    assertThat(err.toString().strip()).isEqualTo("coppice: shard must exist");
    run(new CoppiceException(ErrorKind.INPUT_INVALID, "shard must exist"), "fail", "--stacktrace");
    assertThat(err.toString()).contains("CoppiceTest");
  }

  @Test
  void aMisuseIsTwoLinesThatPointToHelp() {
    assertThat(run(new IOException(), "fail", "--no-such-option")).isEqualTo(2);
    assertThat(err.toString().lines())
        .containsExactly(
            "coppice: Unknown option: '--no-such-option'",
            "`coppice fail --help` lists the options.");
    err.getBuffer().setLength(0);
    run(new IOException(), "faill");
    assertThat(err.toString()).contains("(perhaps fail").hasLineCount(2);
  }

  @Test
  void failuresOfFilesAreToldInOwnWordsWithTheirCode() {
    assertFails(new NoSuchFileException("a.bin"), 3, "file must exist, got none at a.bin");
    assertFails(new AccessDeniedException("a"), 1, "permission is needed, got none for a");
    assertFails(new FileAlreadyExistsException("a"), 2, "output must not exist yet, got a");
    assertFails(new NotDirectoryException("a"), 2, "path must be a folder, got a file: a");
    assertFails(
        new FileSystemException("a", null, "No space left on device"),
        5,
        "No space left on device: a");
    assertFails(
        new UncheckedIOException(new NoSuchFileException("b")),
        3,
        "file must exist, got none at b");
    assertFails(new MalformedInputException(1), 3, "text must be UTF-8, got other bytes");
  }

  @Test
  void noExceptionIsNamedToUsers() {
    for (Exception fault :
        List.of(
            new IllegalStateException(),
            new NullPointerException("x is null"),
            new IllegalArgumentException(),
            new NoSuchFileException("a", "b", null),
            new FileSystemException("a"),
            new EOFException())) {
      assertThat(run(fault, "fail")).isNotZero();
      assertThat(err.toString()).startsWith("coppice: ").doesNotContain("Exception");
      err.getBuffer().setLength(0);
    }
  }

  private void assertFails(Exception fault, int code, String message) {
    err.getBuffer().setLength(0);
    assertThat(run(fault, "fail")).isEqualTo(code);
    assertThat(err.toString().strip()).isEqualTo("coppice: " + message);
  }

  private int run(Exception fault, String... arguments) {
    CommandLine line = Coppice.commandLine().addSubcommand(new Failing(fault));
    line.setOut(new PrintWriter(out)).setErr(new PrintWriter(err));
    line.setColorScheme(CommandLine.Help.defaultColorScheme(CommandLine.Help.Ansi.OFF));
    return line.execute(arguments);
  }
}
