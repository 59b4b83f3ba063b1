package dev.coppice.train.data;

import com.fasterxml.jackson.databind.PropertyNamingStrategies;
import com.fasterxml.jackson.databind.annotation.JsonNaming;
import dev.coppice.train.data.heldout.HeldOutSpec;
import dev.coppice.train.data.heldout.Split;
import dev.coppice.train.data.reading.DataForm;
import dev.coppice.train.data.reading.DocumentEnd;
import dev.coppice.train.data.token.JoinedTokens;
import dev.coppice.train.data.token.TokenSequence;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.OptionalInt;
import org.jspecify.annotations.Nullable;

/**
 * One part of a mixture.
 *
 * @param weight of the part; positive
 * @param sources of its tokens, one after the other
 * @param split what is held out of it, if anything
 */
@JsonNaming(PropertyNamingStrategies.SnakeCaseStrategy.class)
public record PartSpec(double weight, List<SourceSpec> sources, @Nullable HeldOutSpec split) {
  /** Copies the list. */
  public PartSpec {
    sources = List.copyOf(sources);
  }

  /** The same, as a run in a folder will find it again. */
  PartSpec within(Path runFolder) {
    return new PartSpec(weight, sources.stream().map(s -> s.within(runFolder)).toList(), split);
  }

  /** The same with absolute paths. */
  PartSpec from(Path runFolder) {
    return new PartSpec(weight, sources.stream().map(s -> s.from(runFolder)).toList(), split);
  }

  /** What ends its documents: the token of texts, or where there are none, that of tokens. */
  OptionalInt documentEnd(DocumentEnd end) {
    boolean texts = sources.stream().anyMatch(s -> s.form() == DataForm.TOKENS);
    return texts ? end.text() : end.tokens();
  }

  /** Opens and verifies the part's tokens. */
  TokenSequence open() throws IOException {
    List<TokenSequence> opened = new ArrayList<>();
    for (SourceSpec source : sources) {
      opened.add(source.open());
    }
    return splitOff(JoinedTokens.of(opened));
  }

  /** Tokens without those that are held out. */
  TokenSequence splitOff(TokenSequence all) {
    return split == null ? all : Split.of(all, split);
  }
}
