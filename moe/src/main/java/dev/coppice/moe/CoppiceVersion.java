package dev.coppice.moe;

import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.util.Properties;

/** The version of this build, which every record that Coppice writes carries. */
public final class CoppiceVersion {
  private CoppiceVersion() {}

  /** The version in Maven, such as {@code 0.1.0}. */
  public static String current() {
    try (InputStream in = CoppiceVersion.class.getResourceAsStream("coppice.properties")) {
      if (in == null) {
        throw new IllegalStateException("coppice.properties must lie beside CoppiceVersion");
      }
      Properties properties = new Properties();
      properties.load(in);
      return properties.getProperty("version", "unknown");
    } catch (IOException e) {
      throw new UncheckedIOException("coppice.properties must be readable", e);
    }
  }
}
