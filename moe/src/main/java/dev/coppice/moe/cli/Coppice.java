package dev.coppice.moe.cli;

import java.io.PrintWriter;
import java.util.ArrayList;
import java.util.List;
import java.util.ServiceLoader;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.IExecutionExceptionHandler;
import picocli.CommandLine.IParameterExceptionHandler;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.ParseResult;
import picocli.CommandLine.ScopeType;
import picocli.CommandLine.UnmatchedArgumentException;

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
      description = "Prints the stack trace of an error.")
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
    line.setParameterExceptionHandler(new Misuse());
    NumberConverters.register(line);
    line.setCaseInsensitiveEnumValuesAllowed(true);
    line.setUsageHelpAutoWidth(true);
    return line;
  }

  /** Turns an exception into one line on standard error and an exit code. */
  private final class Report implements IExecutionExceptionHandler {
    @Override
    public int handleExecutionException(Exception e, CommandLine line, ParseResult parsed) {
      Faults fault = Faults.of(e);
      PrintWriter err = line.getErr();
      err.println(line.getColorScheme().errorText("coppice: " + fault.message()));
      if (stacktrace) {
        e.printStackTrace(err);
      }
      err.flush();
      return fault.code().number();
    }
  }

  /** Turns a command line that cannot be read into two lines on standard error. */
  private static final class Misuse implements IParameterExceptionHandler {
    private static final int SUGGESTIONS = 3;

    @Override
    public int handleParseException(ParameterException e, String[] arguments) {
      CommandLine line = e.getCommandLine();
      PrintWriter err = line.getErr();
      err.println(line.getColorScheme().errorText("coppice: " + message(e) + suggestion(e)));
      err.println("`" + line.getCommandSpec().qualifiedName() + " --help` lists the options.");
      err.flush();
      return ExitCode.USAGE.number();
    }

    private static String message(ParameterException e) {
      String text = String.valueOf(e.getMessage());
      return String.join(" ", text.lines().map(String::strip).toList());
    }

    private static String suggestion(ParameterException e) {
      List<String> near =
          e instanceof UnmatchedArgumentException unmatched
              ? unmatched.getSuggestions()
              : List.of();
      return near.isEmpty()
          ? ""
          : " (perhaps "
              + String.join(", ", near.subList(0, Math.min(SUGGESTIONS, near.size())))
              + ")";
    }
  }
}
