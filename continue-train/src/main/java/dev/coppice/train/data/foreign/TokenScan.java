package dev.coppice.train.data.foreign;

import com.google.common.hash.Hasher;
import com.google.common.hash.Hashing;
import dev.coppice.moe.CoppiceException;
import dev.coppice.moe.ErrorKind;
import dev.coppice.train.data.token.PreparationProgress;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.file.StandardOpenOption;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.function.LongConsumer;

/**
 * One reading of a foreign file from end to end: its SHA-256, its largest token, and where each
 * token that ends a document stands.
 */
final class TokenScan {
  private static final int BUFFER = 1 << 20;
  private static final int FEWEST_TO_JUDGE = 16;

  /** Vocabularies of up to a million tokens. */
  private static final int LARGEST_UPPER_HALF = 15;

  private final TokenTable table;
  private final PreparationProgress progress;
  private final Hasher hasher = Hashing.sha256().newHasher();
  private long largest = -1;
  private long smallest = Long.MAX_VALUE;
  private long bits;
  private final ByteSpread spread = new ByteSpread();
  private long next;

  /** The largest token at each place, by its rest when divided by four. */
  private final long[] largestAt = {-1, -1, -1, -1};

  private TokenScan(TokenTable table, PreparationProgress progress) {
    this.table = table;
    this.progress = progress;
  }

  /**
   * The result.
   *
   * @param sha256 of the file
   * @param vocabulary one more than the largest token
   * @param width bytes that a token of the file seems to have, if more than were read
   * @param fault why the tokens cannot be those of a text, if they cannot
   */
  record Result(String sha256, int vocabulary, OptionalInt width, Optional<String> fault) {}

  /**
   * Reads a file.
   *
   * @param table the file
   * @param documentEnd token that ends a document; -1 for none
   * @param ends receives the index of each such token
   * @param progress receives the bytes read
   * @throws CoppiceException when a token is negative or beyond 2^31 - 2
   */
  static Result read(
      TokenTable table, int documentEnd, LongConsumer ends, PreparationProgress progress)
      throws IOException {
    return new TokenScan(table, progress).read(documentEnd, ends);
  }

  private Result read(int documentEnd, LongConsumer ends) throws IOException {
    ByteBuffer buffer = ByteBuffer.allocate(BUFFER).order(ByteOrder.LITTLE_ENDIAN);
    try (FileChannel channel = FileChannel.open(table.path(), StandardOpenOption.READ)) {
      long size = channel.size();
      long at = 0;
      while (at < size) {
        // so that tokens do not straddle buffers
        long until = at < table.offset() ? table.offset() : Math.min(size, at + BUFFER);
        buffer.clear().limit((int) (until - at));
        fill(channel, buffer);
        hasher.putBytes(buffer.array(), 0, buffer.limit());
        if (at >= table.offset()) {
          tokens(buffer, documentEnd, ends);
        }
        at = until;
        progress.update("check", at, size);
      }
    }
    return new Result(hasher.hash().toString(), (int) (largest + 1), widerTokens(), fault());
  }

  /**
   * The width of wider tokens, which read as narrow ones have their upper halves at all odd places:
   * zero, or for large vocabularies a small number.
   */
  private OptionalInt widerTokens() {
    long even = Math.max(largestAt[0], largestAt[2]);
    long odd = Math.max(largestAt[1], largestAt[3]);
    boolean zero = odd == 0 && even > 0 && next >= FEWEST_TO_JUDGE;
    boolean small = odd <= LARGEST_UPPER_HALF && even >= 256 && next >= FEWEST_TO_JUDGE;
    if (!zero && !small) {
      return OptionalInt.empty();
    }
    boolean twice = largestAt[2] == 0 && largestAt[3] == 0 && table.type().width() == 2;
    return OptionalInt.of(table.type().width() * (twice ? 4 : 2));
  }

  /** One id throughout; in files that do not state their byte order, ids of the other order. */
  private Optional<String> fault() {
    if (next < FEWEST_TO_JUDGE) {
      return Optional.empty();
    }
    if (smallest == largest) {
      return Optional.of("tokens must have several ids, got " + next + " times " + largest);
    }
    return table.bare() ? wrongOrder() : Optional.empty();
  }

  private Optional<String> wrongOrder() {
    if (table.type().width() > 1 && (bits & 0xFF) == 0) {
      return Optional.of(
          "tokens must be little-endian, got ids that are all multiples of 256, as big-endian"
              + " ones are");
    }
    return spread.isSwapped()
        ? Optional.of(
            "tokens must be little-endian, got ids with "
                + spread.describe()
                + ", as big-endian ones have; a .npy file states its order")
        : Optional.empty();
  }

  private void fill(FileChannel channel, ByteBuffer buffer) throws IOException {
    while (buffer.hasRemaining()) {
      int read = channel.read(buffer);
      TokenTable.check(read >= 0, "must not shrink while it is read", table.path());
    }
  }

  private void tokens(ByteBuffer buffer, int documentEnd, LongConsumer ends) {
    int width = table.type().width();
    for (int at = 0; at < buffer.limit(); at += width) {
      long token = table.type().read(buffer, at);
      if (token < 0 || token >= Integer.MAX_VALUE) {
        throw new CoppiceException(
            ErrorKind.INPUT_INVALID,
            "token must lie in 0.."
                + (Integer.MAX_VALUE - 1)
                + ", got "
                + token
                + " ("
                + table.path()
                + ", token "
                + next
                + ")");
      }
      largest = Math.max(largest, token);
      smallest = Math.min(smallest, token);
      bits |= token;
      if (width == Short.BYTES) {
        spread.add(token);
      }
      int place = (int) (next & 3);
      largestAt[place] = Math.max(largestAt[place], token);
      if (token == documentEnd) {
        ends.accept(next);
      }
      next++;
    }
  }
}
