package dev.coppice.growth.cli;

import dev.coppice.moe.cli.NumberConverters;
import java.math.BigInteger;
import picocli.CommandLine.ITypeConverter;
import picocli.CommandLine.TypeConversionException;

/** Reads large whole numbers such as {@code 3e20} or {@code 400_000_000}, exactly. */
final class CountConverter implements ITypeConverter<BigInteger> {
  @Override
  public BigInteger convert(String value) {
    try {
      BigInteger count = NumberConverters.whole(value);
      if (count.signum() >= 0) {
        return count;
      }
    } catch (NumberFormatException e) {
      // said below
    }
    throw new TypeConversionException(
        "count must be a whole number such as 3e20, got '" + value + "'");
  }
}
