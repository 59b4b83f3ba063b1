package dev.coppice.moe.cli;

import static org.assertj.core.api.Assertions.assertThat;

import dev.coppice.moe.CoppiceException;
import dev.coppice.moe.ExitCode;
import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringWriter;
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
    assertThat(run(new CoppiceException(ExitCode.INPUT_INVALID, "shard must exist"), "fail"))
        .isEqualTo(3);
    assertThat(run(new CoppiceException(ExitCode.PREEMPTED, "stopped"), "fail")).isEqualTo(75);
    assertThat(run(new IllegalArgumentException("depth must be positive"), "fail")).isEqualTo(2);
    assertThat(run(new IOException("disk gone"), "fail")).isEqualTo(1);
    assertThat(run(new IOException(), "fail", "--no-such-option")).isEqualTo(2);
  }

  @Test
  void anErrorIsOneLineUnlessTheStackIsAskedFor() {
    run(new CoppiceException(ExitCode.INPUT_INVALID, "shard must exist"), "fail");
    assertThat(err.toString().strip()).isEqualTo("coppice: shard must exist");
    run(new CoppiceException(ExitCode.INPUT_INVALID, "shard must exist"), "fail", "--stacktrace");
    assertThat(err.toString()).contains("CoppiceTest");
  }

  private int run(Exception fault, String... arguments) {
    CommandLine line = Coppice.commandLine().addSubcommand(new Failing(fault));
    line.setOut(new PrintWriter(out)).setErr(new PrintWriter(err));
    line.setColorScheme(CommandLine.Help.defaultColorScheme(CommandLine.Help.Ansi.OFF));
    return line.execute(arguments);
  }
}
