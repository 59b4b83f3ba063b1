package dev.coppice.train.data;

import java.io.IOException;
import java.io.InputStream;

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
  public void encode(InputStream utf8, TokenSink sink) throws IOException {
    byte[] buffer = new byte[BUFFER];
    for (int read = utf8.read(buffer); read >= 0; read = utf8.read(buffer)) {
      for (int i = 0; i < read; i++) {
        sink.accept(Byte.toUnsignedInt(buffer[i]));
      }
    }
  }
}
