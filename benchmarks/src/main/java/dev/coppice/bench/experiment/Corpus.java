package dev.coppice.bench.experiment;

import com.google.common.collect.ImmutableList;
import dev.coppice.moe.text.ByteTokenizer;
import dev.coppice.train.data.encode.CorpusBuilder;
import dev.coppice.train.data.folder.TextFolder;
import dev.coppice.train.data.heldout.HeldOutSplit;
import dev.coppice.train.data.text.TextDocument;
import dev.coppice.train.data.token.TokenFile;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Comparator;
import java.util.List;

/**
 * Text found and split by file, before anything is written. Text that occurs twice is taken once,
 * so that no file is on both sides, under any name.
 *
 * @param sources names of what it was found in
 * @param train files to train on
 * @param heldOut files for evaluation, in the order of their hash, so that the first of them are a
 *     fair sample
 */
record Corpus(
    ImmutableList<String> sources,
    ImmutableList<TextDocument> train,
    ImmutableList<TextDocument> heldOut) {
  private static final int MOST_SOURCES = 20;

  /**
   * Finds the text.
   *
   * @param paths folders, files, archives
   * @param heldOutShare of all bytes
   * @param seed of the split
   * @throws dev.coppice.moe.CoppiceException when there is no text
   */
  static Corpus find(List<Path> paths, double heldOutShare, long seed) throws IOException {
    HeldOutSplit split = HeldOutSplit.of(TextFolder.find(paths), heldOutShare, seed);
    ImmutableList<TextDocument> heldOut =
        ImmutableList.sortedCopyOf(Comparator.comparing(TextDocument::sha256), split.heldOut());
    ImmutableList<String> sources =
        split.train().stream()
            .map(document -> document.file().getFileName().toString())
            .distinct()
            .limit(MOST_SOURCES)
            .collect(ImmutableList.toImmutableList());
    return new Corpus(sources, split.train(), heldOut);
  }

  /** Tokenises both sides into a folder. */
  Tokens tokenize(Path folder) throws IOException {
    Files.createDirectories(folder);
    ByteTokenizer tokenizer = new ByteTokenizer();
    TokenFile trainTokens =
        CorpusBuilder.tokenizeDocuments(train, tokenizer, folder.resolve("train.tokens"));
    TokenFile heldOutTokens =
        CorpusBuilder.tokenizeDocuments(heldOut, tokenizer, folder.resolve("heldout.tokens"));
    return new Tokens(trainTokens, heldOutTokens);
  }

  /** Facts for the record. */
  CorpusFacts facts(Tokens tokens) {
    return new CorpusFacts(
        sources,
        train.size(),
        tokens.train().textBytes(),
        tokens.train().fingerprint(),
        heldOut.size(),
        tokens.heldOut().textBytes(),
        tokens.heldOut().fingerprint());
  }

  /** Both sides as tokens. */
  record Tokens(TokenFile train, TokenFile heldOut) implements AutoCloseable {
    @Override
    public void close() {
      train.close();
      heldOut.close();
    }
  }
}
