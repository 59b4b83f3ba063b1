package dev.coppice.moe.io;

import com.fasterxml.jackson.core.json.JsonReadFeature;
import com.fasterxml.jackson.databind.json.JsonMapper;

/** JSON without a form of ours: trees that are read, built and printed as they are. */
public final class PlainJson {
  private static final JsonMapper MAPPER = JsonMapper.builder().build();
  private static final JsonMapper PYTHON =
      JsonMapper.builder().enable(JsonReadFeature.ALLOW_NON_NUMERIC_NUMBERS).build();

  private PlainJson() {}

  /** A mapper of standard JSON; shared, so not to be configured. */
  public static JsonMapper mapper() {
    return MAPPER;
  }

  /**
   * A mapper that reads {@code NaN} and {@code Infinity} too, which Python writes into published
   * configurations; shared, so not to be configured.
   */
  public static JsonMapper python() {
    return PYTHON;
  }
}
