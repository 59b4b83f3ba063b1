package dev.coppice.moe.kernel;

import com.google.common.collect.ImmutableList;
import com.google.common.io.Resources;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.zip.CRC32;
import java.util.zip.ZipEntry;
import java.util.zip.ZipOutputStream;

/**
 * The kernels' text as a TorchScript archive: a zip of stored entries that the engine compiles when
 * it loads it.
 *
 * <p>The archive holds one module without attributes, {@code __torch__.Kernels}, and a file of
 * functions for each concern, {@code __torch__.norm} and so on.
 */
public final class ScriptArchive {
  static final ImmutableList<String> FUNCTIONS =
      ImmutableList.of(
          "records",
          "matrix",
          "norm",
          "rotary",
          "grouped",
          "latent",
          "attention",
          "router",
          "gate",
          "experts",
          "head",
          "model",
          "team",
          "decode",
          "health",
          "optimizer",
          "block");

  /** Version of the format that libtorch 2.7 writes. */
  private static final String VERSION = "10\n";

  /** A pickle of a {@code Kernels} object with an empty state. */
  private static final String MODULE = "\u0080\u0002c__torch__\nKernels\n)\u0081}b.";

  /** A pickle of an empty tuple. */
  private static final String NO_CONSTANTS = "\u0080\u0002).";

  private ScriptArchive() {}

  /**
   * The bytes of the archive; the same at every call.
   *
   * @param products whose kernels are {@code __torch__.product}
   */
  public static byte[] bytes(Products products) {
    ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    try (ZipOutputStream zip = new ZipOutputStream(bytes)) {
      zip.setMethod(ZipOutputStream.STORED);
      put(zip, "data.pkl", latin(MODULE));
      put(zip, "code/__torch__.py", text("kernels"));
      put(zip, "code/__torch__/parameters.py", latin(RecordTexts.parameters()));
      put(zip, "code/__torch__/calls.py", latin(RecordTexts.calls()));
      put(zip, "code/__torch__/product.py", text(products.resource()));
      for (String name : FUNCTIONS) {
        put(zip, "code/__torch__/" + name + ".py", text(name));
      }
      put(zip, "constants.pkl", latin(NO_CONSTANTS));
      put(zip, "version", latin(VERSION));
    } catch (IOException e) {
      throw new UncheckedIOException("kernel resources must be readable", e);
    }
    return bytes.toByteArray();
  }

  private static byte[] latin(String text) {
    return text.getBytes(StandardCharsets.ISO_8859_1);
  }

  private static byte[] text(String name) throws IOException {
    return Resources.toByteArray(Resources.getResource(ScriptArchive.class, name + ".py"));
  }

  private static void put(ZipOutputStream zip, String name, byte[] content) throws IOException {
    CRC32 crc = new CRC32();
    crc.update(content);
    ZipEntry entry = new ZipEntry("kernels/" + name);
    entry.setSize(content.length);
    entry.setCrc(crc.getValue());
    entry.setTime(0);
    zip.putNextEntry(entry);
    zip.write(content);
    zip.closeEntry();
  }
}
