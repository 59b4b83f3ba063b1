package dev.coppice.train.data;

import dev.coppice.moe.text.Tokenizer;
import dev.coppice.train.TrainJson;
import dev.coppice.train.data.heldout.HeldOut;
import dev.coppice.train.data.heldout.HeldOutIndex;
import dev.coppice.train.data.heldout.Split;
import dev.coppice.train.data.reading.DocumentEnd;
import dev.coppice.train.data.token.DocumentCopy;
import dev.coppice.train.data.token.TokenSequence;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.OptionalInt;
import java.util.Set;

/**
 * Writes the evaluation data of a run: all tokens in one file, and beside it where they come from.
 */
final class HeldOutWriter {
  private static final int INDEX_VERSION = 1;

  private final Tokenizer tokenizer;
  private final DocumentEnd documentEnd;

  HeldOutWriter(Tokenizer tokenizer, DocumentEnd documentEnd) {
    this.tokenizer = tokenizer;
    this.documentEnd = documentEnd;
  }

  /**
   * A source.
   *
   * @param name as the user gave it
   * @param part of which what is split off is taken, or all where nothing is
   */
  record Judged(String name, PartSpec part) {}

  /** Writes the sources, if there are any. */
  void write(List<Judged> judged, Path folder) throws IOException {
    if (judged.isEmpty()) {
      return;
    }
    List<TokenSequence> opened = new ArrayList<>();
    try {
      int vocabulary = 1;
      for (Judged each : judged) {
        opened.add(Preparation.joined(each.part()));
        vocabulary = Math.max(vocabulary, opened.get(opened.size() - 1).vocabularySize());
      }
      List<HeldOutIndex.Source> sources = new ArrayList<>();
      DocumentCopy.Body body = copy -> copy(judged, opened, copy, sources);
      DocumentCopy.write(folder.resolve(HeldOut.FILE), vocabulary, tokenizer, body).close();
      TrainJson.writeAtomically(
          folder.resolve(HeldOut.INDEX_FILE), new HeldOutIndex(INDEX_VERSION, sources));
    } finally {
      for (TokenSequence tokens : opened) {
        tokens.close();
      }
    }
  }

  private void copy(
      List<Judged> judged,
      List<TokenSequence> opened,
      DocumentCopy copy,
      List<HeldOutIndex.Source> sources)
      throws IOException {
    Set<String> names = new HashSet<>();
    for (int i = 0; i < judged.size(); i++) {
      long documents = copy.documents();
      long tokens = copy.tokens();
      PartSpec part = judged.get(i).part();
      if (part.split() == null) {
        copy.addAll(opened.get(i));
      } else {
        Split.of(opened.get(i), part.split()).copyHeldOut(copy);
      }
      OptionalInt end = part.documentEnd(documentEnd);
      sources.add(
          new HeldOutIndex.Source(
              unlike(judged.get(i).name(), names),
              copy.documents() - documents,
              copy.tokens() - tokens,
              end.isPresent() ? (Integer) end.getAsInt() : null));
    }
  }

  private static String unlike(String name, Set<String> names) {
    String free = name;
    for (int i = 2; !names.add(free); i++) {
      free = name + " (" + i + ")";
    }
    return free;
  }
}
