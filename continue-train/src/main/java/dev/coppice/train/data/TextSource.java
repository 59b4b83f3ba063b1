package dev.coppice.train.data;

import java.io.Closeable;
import java.io.IOException;
import java.io.Reader;
import java.util.Optional;

/** Documents of text, one after the other. Not thread-safe. */
interface TextSource extends Closeable {
  /** The next document, if there is one; it is read to its end before the one after it. */
  Optional<OpenDocument> next() throws IOException;

  /** Bytes to be read, as stored. */
  long totalBytes();

  /** Bytes read so far, as stored. */
  long readBytes();

  /**
   * A document that is being read.
   *
   * @param name of its own, if it has one
   * @param key the same for equal documents
   * @param text closed by the source
   */
  record OpenDocument(Optional<String> name, long key, Reader text) {}
}
