package dev.coppice.growth.cli;

import com.google.common.collect.ImmutableMap;
import java.math.BigDecimal;
import java.util.Locale;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import picocli.CommandLine.ITypeConverter;
import picocli.CommandLine.TypeConversionException;

/** Reads sizes such as {@code 5GB}; units are decimal, as on the Hub: 1 GB is 10⁹ bytes. */
final class ByteSizeConverter implements ITypeConverter<Long> {
  private static final Pattern FORM = Pattern.compile("([0-9]+(?:\\.[0-9]+)?) ?([KMGT]?B)?");
  private static final ImmutableMap<String, Long> UNITS =
      ImmutableMap.of(
          "B", 1L, "KB", 1_000L, "MB", 1_000_000L, "GB", 1_000_000_000L, "TB", 1_000_000_000_000L);

  @Override
  public Long convert(String value) {
    Matcher matcher = FORM.matcher(value.toUpperCase(Locale.ROOT));
    try {
      if (matcher.matches()) {
        String unit = matcher.group(2) == null ? "B" : matcher.group(2);
        return new BigDecimal(matcher.group(1))
            .multiply(BigDecimal.valueOf(UNITS.getOrDefault(unit, 1L)))
            .longValueExact();
      }
    } catch (ArithmeticException e) {
      throw failure(value);
    }
    throw failure(value);
  }

  private static TypeConversionException failure(String value) {
    return new TypeConversionException(
        "size must be whole bytes such as 5GB or 500MB, got '" + value + "'");
  }
}
