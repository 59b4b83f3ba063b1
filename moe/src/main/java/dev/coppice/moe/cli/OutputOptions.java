package dev.coppice.moe.cli;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import dev.coppice.moe.io.PlainJson;
import java.io.PrintWriter;
import picocli.CommandLine.Option;

/**
 * How a command reports: text for people, or one JSON object on standard output. Mix into a command
 * with {@code @Mixin}.
 */
public final class OutputOptions {
  @Option(names = "--json", description = "Prints one JSON object on standard output.")
  private boolean json;

  @Option(
      names = {"-q", "--quiet"},
      description = "Shows no progress.")
  private boolean quiet;

  /** Made by picocli. */
  public OutputOptions() {}

  /** Whether JSON was asked for. */
  public boolean json() {
    return json;
  }

  /** Whether progress is to be withheld. */
  public boolean quiet() {
    return quiet;
  }

  /**
   * Prints the one or the other.
   *
   * @param out standard output
   * @param object what {@code --json} prints, indented
   * @param text what is printed otherwise
   */
  public void print(PrintWriter out, JsonNode object, String text) {
    out.println(json ? pretty(object) : text);
    out.flush();
  }

  private static String pretty(JsonNode object) {
    try {
      return PlainJson.mapper().writerWithDefaultPrettyPrinter().writeValueAsString(object);
    } catch (JsonProcessingException e) {
      throw new IllegalStateException("a JSON tree must print, got " + object.getNodeType(), e);
    }
  }
}
