package dev.coppice.train.data;

import com.fasterxml.jackson.databind.PropertyNamingStrategies;
import com.fasterxml.jackson.databind.annotation.JsonNaming;
import dev.coppice.train.data.reading.DocumentEnd;
import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;
import org.jspecify.annotations.Nullable;

/**
 * Which data a run reads.
 *
 * @param sha256 over all that is read, 64 hexadecimal digits
 * @param tokens in one pass over every part
 * @param parts of the mixture; at least one
 * @param read where it came from and how it was read; null for runs of earlier versions, and where
 *     token files were handed over
 * @param documentEnd what ended documents when it was prepared; null where that is not known
 */
@JsonNaming(PropertyNamingStrategies.SnakeCaseStrategy.class)
public record DataSpec(
    String sha256,
    long tokens,
    List<PartSpec> parts,
    @Nullable DataRecord read,
    @Nullable Ends documentEnd) {
  /** Copies the list. */
  public DataSpec {
    parts = List.copyOf(parts);
  }

  /**
   * The same with windows and passes in its record.
   *
   * @param sequence tokens a window, S
   * @param trained tokens that the budget holds, if that does not depend on the clock
   */
  public DataSpec used(int sequence, Optional<Long> trained) {
    DataRecord record = read == null ? null : read.used(sequence, trained);
    return new DataSpec(sha256, tokens, parts, record, documentEnd);
  }

  /** Whether its text was read as bytes, a token each. */
  public boolean readsBytes() {
    return read != null && read.reading().tokenizer().equals("byte");
  }

  /**
   * What ended documents.
   *
   * @param text token behind each document of text; null for none
   * @param tokens token that parted documents in files of tokens; null for none
   */
  @JsonNaming(PropertyNamingStrategies.SnakeCaseStrategy.class)
  public record Ends(@Nullable Integer text, @Nullable Integer tokens) {
    static Ends of(DocumentEnd end) {
      return new Ends(boxed(end.text()), boxed(end.tokens()));
    }

    private static @Nullable Integer boxed(OptionalInt id) {
      return id.isPresent() ? (Integer) id.getAsInt() : null;
    }
  }
}
