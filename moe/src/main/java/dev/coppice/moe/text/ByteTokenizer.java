package dev.coppice.moe.text;

import static com.google.common.base.Preconditions.checkArgument;

import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;

/** One token a byte: ids 0..255 are the bytes of the text's UTF-8 form, and there are no others. */
public final class ByteTokenizer implements Tokenizer {
  private static final int BUFFER = 1 << 16;

  /** The only one there is. */
  public ByteTokenizer() {}

  @Override
  public String name() {
    return "byte";
  }

  @Override
  public int vocabularySize() {
    return 256;
  }

  @Override
  public TextPieces.Cuts cuts() {
    return TextPieces.Cuts.ANYWHERE;
  }

  @Override
  public void encode(InputStream utf8, TokenSink sink) throws IOException {
    byte[] buffer = new byte[BUFFER];
    for (int read = utf8.read(buffer); read >= 0; read = utf8.read(buffer)) {
      for (int i = 0; i < read; i++) {
        sink.accept(Byte.toUnsignedInt(buffer[i]));
      }
    }
  }

  @Override
  public int[] encodePiece(String piece) {
    return encode(piece);
  }

  @Override
  public int[] encode(String prompt) {
    byte[] utf8 = prompt.getBytes(StandardCharsets.UTF_8);
    int[] ids = new int[utf8.length];
    for (int i = 0; i < ids.length; i++) {
      ids[i] = Byte.toUnsignedInt(utf8[i]);
    }
    return ids;
  }

  /** Bytes that are no UTF-8 become replacement characters. */
  @Override
  public String decode(int... ids) {
    byte[] utf8 = new byte[ids.length];
    for (int i = 0; i < ids.length; i++) {
      checkArgument(ids[i] >= 0 && ids[i] < 256, "id must be a byte, got %s", ids[i]);
      utf8[i] = (byte) ids[i];
    }
    return new String(utf8, StandardCharsets.UTF_8);
  }

  @Override
  public int bytes(int id) {
    return 1;
  }
}
