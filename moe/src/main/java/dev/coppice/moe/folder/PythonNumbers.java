package dev.coppice.moe.folder;

import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.databind.node.DecimalNode;
import com.fasterxml.jackson.databind.node.DoubleNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.NumericNode;
import com.google.common.collect.ImmutableSet;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.math.BigDecimal;

/**
 * Makes numbers of one file as Python's {@code json} reads them.
 *
 * <p>{@code NaN}, {@code Infinity} and {@code -Infinity} are numbers, other spellings of them are
 * not. A finite text beyond the range of a double, such as {@code 1e400}, keeps its digits: Python
 * reads infinity from it.
 *
 * <p><b>Source</b>: the Python documentation, {@code json}, "Infinite and NaN Number Values".
 */
final class PythonNumbers extends JsonNodeFactory {
  private static final ImmutableSet<String> NAMES = ImmutableSet.of("NaN", "Infinity", "-Infinity");

  private final transient JsonParser json;

  /** For the file that a parser reads. */
  PythonNumbers(JsonParser json) {
    this.json = json;
  }

  /** A name of a number that Python does not know. */
  static final class UnknownName extends RuntimeException {
    private static final long serialVersionUID = 1;

    UnknownName(String name) {
      super("NaN, Infinity and -Infinity are the only names of numbers, got " + name);
    }
  }

  @Override
  public NumericNode numberNode(double value) {
    if (Double.isFinite(value)) {
      return DoubleNode.valueOf(value);
    }
    String text = text();
    if (NAMES.contains(text)) {
      return DoubleNode.valueOf(value);
    }
    if (text.chars().noneMatch(Character::isDigit)) {
      throw new UnknownName(text);
    }
    return DecimalNode.valueOf(new BigDecimal(text));
  }

  private String text() {
    try {
      return json.getText();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
