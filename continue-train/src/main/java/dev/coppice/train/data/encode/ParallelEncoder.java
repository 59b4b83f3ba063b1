package dev.coppice.train.data.encode;

import com.google.common.base.Utf8;
import com.google.common.primitives.Ints;
import dev.coppice.moe.io.Crew;
import dev.coppice.moe.text.TextPieces;
import dev.coppice.moe.text.Tokenizer;
import dev.coppice.train.data.text.TextSource;
import dev.coppice.train.data.token.PreparationProgress;
import dev.coppice.train.data.token.TokenFileWriter;
import java.io.Closeable;
import java.io.IOException;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;

/**
 * Tokenises documents on several threads and writes them in order.
 *
 * <p>One thread reads and cuts, the others encode, the first writes; memory holds some batches of
 * pieces, or the longest piece if that is more. The result does not depend on the threads.
 */
final class ParallelEncoder implements Closeable {
  /** Characters that go to a thread at once. */
  private static final int BATCH = 1 << 17;

  private static final int BATCHES_A_THREAD = 3;

  private final Tokenizer tokenizer;
  private final int[] documentStart;
  private final OptionalInt documentEnd;
  private final int inFlight;
  private final Crew crew;

  /**
   * An encoder.
   *
   * @param how documents become ids
   */
  ParallelEncoder(CorpusBuilder.Encoding how) {
    int threads = how.threads();
    this.tokenizer = how.tokenizer();
    this.documentStart = how.documentStart().ids().toArray();
    this.documentEnd = how.documentEnd();
    this.inFlight = threads * BATCHES_A_THREAD;
    this.crew = new Crew("tokenize", threads);
  }

  /**
   * Writes all documents of a source.
   *
   * @param source read to its end, not closed
   * @param writer not finished
   * @param progress receives the bytes read
   */
  void encode(TextSource source, TokenFileWriter writer, PreparationProgress progress)
      throws IOException {
    Deque<Work> waiting = new ArrayDeque<>();
    Batches batches = new Batches(source, tokenizer);
    long total = Math.max(1, source.totalBytes());
    for (Optional<Batch> b = batches.next(); b.isPresent(); b = batches.next()) {
      Batch batch = b.get();
      waiting.add(new Work(batch, crew.call(() -> encode(batch))));
      if (waiting.size() >= inFlight) {
        write(waiting.remove(), writer);
      }
      progress.update("tokenize", source.readBytes(), total);
    }
    while (!waiting.isEmpty()) {
      write(waiting.remove(), writer);
    }
    progress.update("tokenize", total, total);
  }

  private List<Encoded> encode(Batch batch) {
    List<Encoded> encoded = new ArrayList<>(batch.pieces().size());
    for (Piece piece : batch.pieces()) {
      String text = piece.text();
      int[] ids = piece.first() ? tokenizer.encodePiece(text) : tokenizer.encodeLaterPiece(text);
      encoded.add(new Encoded(framed(piece, ids), Utf8.encodedLength(piece.text())));
    }
    return encoded;
  }

  private int[] framed(Piece piece, int[] ids) {
    int[] begun = piece.first() ? Ints.concat(documentStart, ids) : ids;
    return piece.last() && documentEnd.isPresent()
        ? Ints.concat(begun, new int[] {documentEnd.getAsInt()})
        : begun;
  }

  private static void write(Work work, TokenFileWriter writer) throws IOException {
    List<Encoded> encoded = work.encoded().result();
    for (int i = 0; i < encoded.size(); i++) {
      Piece piece = work.batch().pieces().get(i);
      if (piece.first()) {
        writer.beginDocument(piece.document().name(), 0, piece.document().key());
      }
      writer.addText(encoded.get(i).bytes());
      writer.append(encoded.get(i).ids());
    }
  }

  /** Stops the threads and waits for them; what they had left is dropped. */
  @Override
  public void close() {
    crew.close();
  }

  private record Piece(
      TextSource.OpenDocument document, String text, boolean first, boolean last) {}

  private record Batch(List<Piece> pieces) {}

  private record Work(Batch batch, Crew.Task<List<Encoded>> encoded) {}

  @SuppressWarnings("ArrayRecordComponent") // handed on once, never compared
  private record Encoded(int[] ids, long bytes) {}

  /** Pieces of documents, gathered so that handing them over costs little. */
  private static final class Batches {
    private final TextSource source;
    private final Tokenizer tokenizer;
    private final EncodingMemory memory;
    private long documents;
    private Optional<TextSource.OpenDocument> document = Optional.empty();
    private Optional<TextPieces> pieces = Optional.empty();
    private Optional<String> ahead = Optional.empty();
    private boolean first;

    Batches(TextSource source, Tokenizer tokenizer) {
      this.source = source;
      this.tokenizer = tokenizer;
      this.memory = EncodingMemory.ofMachine(tokenizer);
    }

    Optional<Batch> next() throws IOException {
      List<Piece> gathered = new ArrayList<>();
      int characters = 0;
      while (characters < BATCH && hasPiece()) {
        Piece piece = piece();
        gathered.add(piece);
        characters += piece.text().length();
      }
      return gathered.isEmpty() ? Optional.empty() : Optional.of(new Batch(gathered));
    }

    private boolean hasPiece() throws IOException {
      while (ahead.isEmpty()) {
        document = source.next();
        if (document.isEmpty()) {
          return false;
        }
        documents++;
        String name = document.get().name().orElse("document " + documents);
        pieces =
            Optional.of(
                new TextPieces(
                    document.get().text(),
                    tokenizer.cuts(),
                    length -> memory.checkPiece(name, length)));
        ahead = pieces.get().next();
        first = true;
      }
      return true;
    }

    private Piece piece() throws IOException {
      String text = ahead.orElseThrow();
      ahead = pieces.orElseThrow().next();
      Piece piece = new Piece(document.orElseThrow(), text, first, ahead.isEmpty());
      first = false;
      return piece;
    }
  }
}
