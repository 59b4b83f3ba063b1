package dev.coppice.train.data.token;

import static com.google.common.base.Preconditions.checkArgument;

import com.google.common.collect.ImmutableList;
import com.google.common.hash.Hashing;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.stream.Collectors;

/** Several sequences of tokens, one after the other. */
public final class JoinedTokens implements TokenSequence {
  private final ImmutableList<TokenSequence> parts;
  private final long[] tokenStarts;
  private final long[] documentStarts;

  private JoinedTokens(List<TokenSequence> parts) {
    this.parts = ImmutableList.copyOf(parts);
    this.tokenStarts = new long[parts.size() + 1];
    this.documentStarts = new long[parts.size() + 1];
    for (int i = 0; i < parts.size(); i++) {
      tokenStarts[i + 1] = tokenStarts[i] + parts.get(i).tokenCount();
      documentStarts[i + 1] = documentStarts[i] + parts.get(i).documentCount();
    }
  }

  /**
   * Joins sequences; one alone stays itself.
   *
   * @param parts at least one; closed with the whole
   */
  public static TokenSequence of(List<TokenSequence> parts) {
    checkArgument(!parts.isEmpty(), "joined tokens must have a part, got none");
    return parts.size() == 1 ? parts.get(0) : new JoinedTokens(parts);
  }

  private static int part(long[] starts, long index) {
    int found = Arrays.binarySearch(starts, index);
    return Math.min(starts.length - 2, found >= 0 ? found : -found - 2);
  }

  @Override
  public Path path() {
    return parts.get(0).path();
  }

  @Override
  public long tokenCount() {
    return tokenStarts[parts.size()];
  }

  @Override
  public long documentCount() {
    return documentStarts[parts.size()];
  }

  @Override
  public long documentStart(long document) {
    int part = part(documentStarts, document);
    return tokenStarts[part] + parts.get(part).documentStart(document - documentStarts[part]);
  }

  @Override
  public long documentKey(long document) {
    int part = part(documentStarts, document);
    return parts.get(part).documentKey(document - documentStarts[part]);
  }

  @Override
  public int token(long index) {
    int part = part(tokenStarts, index);
    return parts.get(part).token(index - tokenStarts[part]);
  }

  @Override
  public int vocabularySize() {
    return parts.stream().mapToInt(TokenSequence::vocabularySize).max().orElseThrow();
  }

  /** SHA-256 over those of the parts. */
  @Override
  public String fingerprint() {
    String all = parts.stream().map(TokenSequence::fingerprint).collect(Collectors.joining());
    return Hashing.sha256().hashString(all, StandardCharsets.US_ASCII).toString();
  }

  @Override
  public void verify() throws IOException {
    for (TokenSequence part : parts) {
      part.verify();
    }
  }

  @Override
  public void close() throws IOException {
    for (TokenSequence part : parts) {
      part.close();
    }
  }
}
