package dev.coppice.growth.cli;

import java.math.BigDecimal;
import java.math.BigInteger;
import java.util.regex.Pattern;
import picocli.CommandLine.ITypeConverter;
import picocli.CommandLine.TypeConversionException;

/** Reads large whole numbers such as {@code 3e20} or {@code 400000000}, exactly. */
final class CountConverter implements ITypeConverter<BigInteger> {
  private static final Pattern FORM =
      Pattern.compile("[0-9]{1,40}(?:\\.[0-9]{1,40})?(?:[eE]\\+?[0-9]{1,2})?");

  @Override
  public BigInteger convert(String value) {
    if (FORM.matcher(value).matches()) {
      try {
        return new BigDecimal(value).toBigIntegerExact();
      } catch (ArithmeticException e) {
        throw failure(value);
      }
    }
    throw failure(value);
  }

  private static TypeConversionException failure(String value) {
    return new TypeConversionException(
        "count must be a whole number such as 3e20, got '" + value + "'");
  }
}
