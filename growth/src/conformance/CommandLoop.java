import dev.coppice.moe.cli.Coppice;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.PrintStream;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.charset.StandardCharsets;
import java.util.Base64;
import picocli.CommandLine;

/**
 * Runs the program once for every line of standard input, arguments parted by tabs, and answers with
 * exit code, output and errors in one line. Saves a thousand starts of a virtual machine.
 */
public final class CommandLoop {
  private CommandLoop() {}

  public static void main(String[] none) throws IOException {
    PrintStream answers = System.out;
    BufferedReader lines =
        new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8));
    for (String line = lines.readLine(); line != null; line = lines.readLine()) {
      StringWriter output = new StringWriter();
      StringWriter errors = new StringWriter();
      CommandLine program = Coppice.commandLine();
      program.setOut(new PrintWriter(output, true));
      program.setErr(new PrintWriter(errors, true));
      for (CommandLine command : program.getSubcommands().values()) {
        command.setOut(program.getOut());
        command.setErr(program.getErr());
      }
      int code = program.execute(line.split("\t"));
      answers.println(code + "\t" + encoded(output) + "\t" + encoded(errors));
      answers.flush();
    }
  }

  private static String encoded(StringWriter text) {
    return Base64.getEncoder().encodeToString(text.toString().getBytes(StandardCharsets.UTF_8));
  }
}
