package dev.coppice.moe.safetensors;

import com.fasterxml.jackson.core.JsonProcessingException;
import java.util.regex.Pattern;

/** Words what is wrong with a JSON text: the parser's finding without its advice to programmers. */
public final class JsonFault {
  /** Switches of the parser, and spellings that it could be made to take. */
  private static final Pattern ADVICE =
      Pattern.compile(
          ": enable `[^`]*`[^(]*$"
              + "| \\(not recognized as one since Feature '[^']*' not enabled for parser\\)"
              + "| \\(or '[^)]*'\\)"
              + "| *\\(through reference chain: .*\\)");

  private JsonFault() {}

  /** The finding, without a place. */
  public static String of(JsonProcessingException fault) {
    return ADVICE.matcher(String.valueOf(fault.getOriginalMessage())).replaceAll("");
  }
}
