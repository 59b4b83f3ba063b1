package dev.coppice.moe.cli;

import dev.coppice.moe.CoppiceException;
import dev.coppice.moe.ExitCode;
import java.io.IOException;
import java.io.PrintWriter;
import java.nio.file.FileSystemException;
import java.util.ArrayList;
import java.util.List;
import java.util.ServiceLoader;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.IExecutionExceptionHandler;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParseResult;
import picocli.CommandLine.ScopeType;

/**
 * The {@code coppice} program.
 *
 * <p>Data goes to standard output, progress and errors to standard error; exit codes are those of
 * {@link ExitCode}.
 */
@Command(
    name = "coppice",
    mixinStandardHelpOptions = true,
    versionProvider = VersionProvider.class,
    scope = ScopeType.INHERIT,
    sortOptions = false,
    synopsisSubcommandLabel = "COMMAND",
    description = "Recycles trained Mixture-of-Experts checkpoints.",
    exitCodeOnInvalidInput = 2,
    exitCodeOnExecutionException = 1)
public final class Coppice {
  @Option(
      names = "--stacktrace",
      scope = ScopeType.INHERIT,
      description = "Print the stack trace of an error.")
  private boolean stacktrace;

  private Coppice() {}

  /**
   * Runs the program and exits with its code.
   *
   * @param arguments the command line
   */
  public static void main(String[] arguments) {
    System.exit(commandLineFor(arguments).execute(arguments));
  }

  /**
   * The program with the one command that the arguments begin with, or with all where they begin
   * with none: to learn what all commands take is most of the time of a short one.
   */
  public static CommandLine commandLineFor(String... arguments) {
    List<Object> commands = commands();
    List<Object> named =
        commands.stream()
            .filter(command -> arguments.length > 0 && name(command).equals(arguments[0]))
            .toList();
    return commandLine(named.isEmpty() ? commands : named);
  }

  /** The program with all commands that are on the class path. */
  public static CommandLine commandLine() {
    return commandLine(commands());
  }

  private static List<Object> commands() {
    List<Object> commands = new ArrayList<>();
    ServiceLoader.load(CommandProvider.class)
        .forEach(provider -> commands.addAll(provider.commands()));
    return commands;
  }

  private static String name(Object command) {
    Command said = command.getClass().getAnnotation(Command.class);
    return said == null ? "" : said.name();
  }

  private static CommandLine commandLine(List<Object> commands) {
    Coppice root = new Coppice();
    CommandLine line = new CommandLine(root);
    commands.forEach(line::addSubcommand);
    line.setExecutionExceptionHandler(root.new Report());
    line.setCaseInsensitiveEnumValuesAllowed(true);
    line.setUsageHelpAutoWidth(true);
    return line;
  }

  /** Turns an exception into one line on standard error and an exit code. */
  private final class Report implements IExecutionExceptionHandler {
    @Override
    public int handleExecutionException(Exception e, CommandLine line, ParseResult parsed) {
      PrintWriter err = line.getErr();
      err.println(line.getColorScheme().errorText("coppice: " + message(e)));
      if (stacktrace) {
        e.printStackTrace(err);
      }
      err.flush();
      return code(e).number();
    }

    private String message(Exception e) {
      if (e instanceof FileSystemException file && file.getReason() == null) {
        return file.getClass().getSimpleName() + ": " + file.getFile();
      }
      String text = e.getMessage();
      return text == null || !isExpected(e) ? e.toString() : text;
    }

    private boolean isExpected(Exception e) {
      return e instanceof CoppiceException
          || e instanceof IllegalArgumentException
          || e instanceof IOException;
    }

    private ExitCode code(Exception e) {
      if (e instanceof CoppiceException known) {
        return known.exitCode();
      }
      return e instanceof IllegalArgumentException ? ExitCode.USAGE : ExitCode.ERROR;
    }
  }
}
