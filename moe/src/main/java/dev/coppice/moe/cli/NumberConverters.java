package dev.coppice.moe.cli;

import java.math.BigDecimal;
import java.math.BigInteger;
import java.util.regex.Pattern;
import picocli.CommandLine;
import picocli.CommandLine.ITypeConverter;
import picocli.CommandLine.TypeConversionException;

/**
 * Reads whole numbers as people write them, wherever a command takes one: {@code 1000000}, {@code
 * 1_000_000}, {@code 1e6} and {@code 2.5e3} are exact; {@code 2.5} is none.
 */
public final class NumberConverters {
  private static final Pattern FORM =
      Pattern.compile("[+-]?[0-9](?:_?[0-9]){0,39}(?:\\.[0-9]{1,40})?(?:[eE]\\+?[0-9]{1,2})?");

  private NumberConverters() {}

  /** Has a program and all its commands read numbers so. */
  static void register(CommandLine line) {
    line.registerConverter(Long.class, new Longs());
    line.registerConverter(Long.TYPE, new Longs());
    line.registerConverter(Integer.class, new Integers());
    line.registerConverter(Integer.TYPE, new Integers());
  }

  // Classes, no lambdas: JDK 17 fails to write the launcher's class archive where a lambda
  // implements an interface that was compiled for Java 5, as those of picocli are.

  private static final class Longs implements ITypeConverter<Long> {
    @Override
    public Long convert(String text) {
      return within(text, Long.MIN_VALUE, Long.MAX_VALUE).longValueExact();
    }
  }

  private static final class Integers implements ITypeConverter<Integer> {
    @Override
    public Integer convert(String text) {
      return within(text, Integer.MIN_VALUE, Integer.MAX_VALUE).intValueExact();
    }
  }

  private static BigInteger within(String text, long least, long most) {
    BigInteger value;
    try {
      value = whole(text);
    } catch (NumberFormatException e) {
      throw new TypeConversionException(String.valueOf(e.getMessage()));
    }
    if (value.compareTo(BigInteger.valueOf(least)) < 0
        || value.compareTo(BigInteger.valueOf(most)) > 0) {
      throw new TypeConversionException(
          "number must lie in " + least + ".." + most + ", got '" + text + "'");
    }
    return value;
  }

  /**
   * The whole number that a text writes.
   *
   * @param text decimal digits, parted by single underscores at will; a fraction and an exponent
   *     where the value is whole
   * @throws NumberFormatException saying the rule, when it is none
   */
  public static BigInteger whole(String text) {
    String written = text.strip();
    if (FORM.matcher(written).matches()) {
      try {
        return new BigDecimal(written.replace("_", "")).toBigIntegerExact();
      } catch (ArithmeticException e) {
        throw failure(text);
      }
    }
    throw failure(text);
  }

  private static NumberFormatException failure(String text) {
    return new NumberFormatException(
        "number must be whole, such as 1000000, 1_000_000 or 1e6, got '" + text + "'");
  }
}
