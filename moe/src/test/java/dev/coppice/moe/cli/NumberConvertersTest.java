package dev.coppice.moe.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.PrintWriter;
import java.io.StringWriter;
import java.math.BigInteger;
import java.util.List;
import java.util.Optional;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

class NumberConvertersTest {
  @Command(name = "count")
  private static final class Counting implements Runnable {
    @Option(names = "--long")
    private long wide;

    @Option(names = "--int")
    private int narrow;

    @Option(names = "--optional")
    private Optional<Long> optional = Optional.empty();

    @Option(names = "--list", split = ",")
    private List<Integer> list = List.of();

    @Override
    public void run() {}
  }

  private static int run(Counting command, String... arguments) {
    CommandLine line = Coppice.commandLine().addSubcommand(command);
    NumberConverters.register(line);
    line.setErr(new PrintWriter(new StringWriter()));
    return line.execute(arguments);
  }

  @ParameterizedTest
  @CsvSource({
    "1e6,1000000",
    "1_000_000,1000000",
    "2.5e3,2500",
    "7,7",
    "1E2,100",
    "1.50e2,150",
    "-3,-3",
    "+4,4",
    "1e+3,1000",
    "0,0",
    "12.0,12"
  })
  void wholeNumbersAreReadAsPeopleWriteThem(String written, long value) {
    Counting command = new Counting();
    assertThat(
            run(
                command,
                "count",
                "--long=" + written,
                "--int=" + written,
                "--optional=" + written,
                "--list=" + written + ",1e1"))
        .isZero();
    assertThat(command.wide).isEqualTo(value);
    assertThat(command.narrow).isEqualTo((int) value);
    assertThat(command.optional).contains(value);
    assertThat(command.list).containsExactly((int) value, 10);
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "2.5",
        "1e-1",
        "x",
        "",
        "1__0",
        "_1",
        "1_",
        "1e",
        "0x10",
        "1e400",
        "9e18e",
        "NaN",
        "1,000",
        "99999999999999999999"
      })
  void whatIsNoWholeNumberIsRefused(String written) {
    assertThat(run(new Counting(), "count", "--long=" + written)).isEqualTo(2);
  }

  @Test
  void aNumberThatDoesNotFitIsRefused() {
    assertThat(run(new Counting(), "count", "--int=3e9")).isEqualTo(2);
    assertThat(run(new Counting(), "count", "--long=3e9")).isZero();
  }

  @Property
  void everyNumberIsReadBack(@ForAll BigInteger number) {
    assertThat(NumberConverters.whole(number.toString())).isEqualTo(number);
  }

  @Test
  void theRuleIsSaid() {
    assertThatThrownBy(() -> NumberConverters.whole("2.5"))
        .hasMessage("number must be whole, such as 1000000, 1_000_000 or 1e6, got '2.5'");
  }
}
