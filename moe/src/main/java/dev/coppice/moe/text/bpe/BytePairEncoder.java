package dev.coppice.moe.text.bpe;

import static com.google.common.collect.ImmutableList.toImmutableList;

import com.google.common.collect.ImmutableList;
import com.google.common.primitives.ImmutableIntArray;
import java.nio.charset.StandardCharsets;
import java.text.Normalizer;
import java.util.Arrays;
import java.util.Optional;
import java.util.function.Function;

/**
 * Byte-level BPE with a memory of words.
 *
 * <p>Only text of {@link StableCharacters} is read here: lines with others, or with added tokens,
 * go to the library. Thread-safe.
 *
 * <p><b>Source</b>: Sennrich, Haddow, Birch, "Neural machine translation of rare words with subword
 * units", ACL 2016, in the form of Hugging Face tokenizers: of all neighbours the first pair in the
 * list of merges is merged, the leftmost if there are several.
 */
public final class BytePairEncoder {
  private static final int LONGEST_WORD = 2048;

  /** What {@link #agrees} compares: contractions, digits, blanks, other scripts, code. */
  private static final String TRIAL =
      """
      It's 2024, they'll've said: "don't"!  WE'RE 12345 x_1+=y[3];   // two   blanks
      \tfor (int i = 0; i < n; i++) {\n\t\tf(i);\r\n\n\n    }
      Grüße, naïve café; мир и труд, Ελλάδα 1½ 世界您好，再见。 こんにちは — “quotes” … €5
      a\n\n  b \n c  \t d 'S 'Ll ''' ... !!!\n/path/x\n#tag  7 8\s\s
      word\r\nnext\r\n\r\nend\r\n  of it\r\n
      """;

  private static final byte PLAIN = 1;
  private static final byte BEGINS_ADDED = 2;
  private static final byte HALF = 4;

  private final BytePairRules rules;
  private final ImmutableList<WordFinder> finders;
  private final Function<String, int[]> library;
  private final byte[] kinds = new byte[Character.MAX_VALUE + 1];
  private final int[] byteIds = new int[256];
  private final MergeTable merges;
  private final WordMemory remembered = new WordMemory();

  private BytePairEncoder(
      BytePairRules rules, ImmutableList<WordFinder> finders, Function<String, int[]> library) {
    this.rules = rules;
    this.finders = finders;
    this.library = library;
    for (int b = 0; b < byteIds.length; b++) {
      byteIds[b] = id(String.valueOf(BytePairRules.symbol(b)));
    }
    StableCharacters.all()
        .forEach(c -> kinds[Character.toChars(c)[0]] = c < kinds.length ? PLAIN : HALF);
    rules.added().forEach(token -> kinds[token.charAt(0)] |= BEGINS_ADDED);
    merges = new MergeTable(rules.merges(), this::id);
  }

  /**
   * An encoder, empty if rules are unsupported, or what they say is not what the library does.
   *
   * @param rules what it follows
   * @param library reader of unsupported lines, and reference of the trial
   */
  public static Optional<BytePairEncoder> of(BytePairRules rules, Function<String, int[]> library) {
    ImmutableList<WordFinder> finders =
        rules.words().stream()
            .map(WordFinder::of)
            .flatMap(Optional::stream)
            .collect(toImmutableList());
    return Optional.of(new BytePairEncoder(rules, finders, library))
        .filter(encoder -> finders.size() == rules.words().size() && encoder.agrees());
  }

  private int id(String symbol) {
    return rules.vocabulary().getOrDefault(symbol, -1);
  }

  /**
   * Whether both ways give the same ids for a text that has something of everything, and the
   * library the same ids for its parts.
   */
  private boolean agrees() {
    char[] trial = TRIAL.toCharArray();
    if (!merges.isWhole() || !isPlain(trial, 0, trial.length)) {
      return false;
    }
    int[] whole = library.apply(TRIAL);
    ImmutableIntArray.Builder parts = ImmutableIntArray.builder();
    int from = 0;
    for (int at = 1; at <= trial.length; at++) {
      if (mayCut(trial, at, true)) {
        parts.addAll(ImmutableIntArray.copyOf(library.apply(TRIAL.substring(from, at))));
        from = at;
      }
    }
    return Arrays.equals(encode(TRIAL), whole) && Arrays.equals(parts.build().toArray(), whole);
  }

  /** The ids of a text that {@link LineCuts} parted at lines, or that was not cut. */
  public int[] encode(String text) {
    char[] characters = text.toCharArray();
    ImmutableIntArray.Builder ids = ImmutableIntArray.builder(characters.length / 2 + 1);
    if (isPlain(characters, 0, characters.length)) {
      split(characters, 0, characters.length, 0, ids);
    } else {
      encodeInParts(characters, ids);
    }
    return ids.build().toArray();
  }

  /** Hands as little as may be cut out to the library. */
  private void encodeInParts(char[] text, ImmutableIntArray.Builder ids) {
    // an added token may hold a blank, so that words are not parted near one
    boolean words = holdsNoAdded(text, 0, text.length);
    int done = 0;
    int from = 0;
    boolean handOver = false;
    for (int at = 1; at <= text.length; at++) {
      if (mayCut(text, at, words)) {
        boolean other = !isPlain(text, from, at);
        if (other != handOver) {
          add(text, done, from, handOver, ids);
          done = from;
          handOver = other;
        }
        from = at;
      }
    }
    add(text, done, text.length, handOver, ids);
  }

  private void add(char[] text, int from, int to, boolean handOver, ImmutableIntArray.Builder ids) {
    if (handOver) {
      for (int id : library.apply(String.valueOf(text, from, to - from))) {
        ids.add(id);
      }
    } else {
      split(text, from, to, 0, ids);
    }
  }

  /**
   * At the end, between some lines, and between a letter and a blank that a letter follows, all of
   * ASCII.
   */
  private static boolean mayCut(char[] text, int at, boolean words) {
    return at == text.length
        || LineCuts.betweenLines(text, at, text.length)
        || (words
            && text[at] == ' '
            && at + 1 < text.length
            && LineCuts.isLetter(text[at - 1])
            && LineCuts.isLetter(text[at + 1]));
  }

  /** Whether nothing of a text needs the library. */
  private boolean isPlain(char[] text, int from, int to) {
    int highest = 0;
    int run = 0;
    boolean blank = false;
    for (int i = from; i < to; i++) {
      char c = text[i];
      if (kinds[c] != PLAIN && !isPlainAfterAll(text, i, to)) {
        return false;
      }
      i += kinds[c] == HALF ? 1 : 0;
      highest |= c;
      run = blank == c <= ' ' ? run + 1 : 0;
      blank = c <= ' ';
      if (run > LONGEST_WORD) {
        return false;
      }
    }
    return highest < 0x80
        || !rules.normalizes()
        || Normalizer.isNormalized(String.valueOf(text, from, to - from), Normalizer.Form.NFC);
  }

  private boolean isPlainAfterAll(char[] text, int at, int to) {
    int kind = kinds[text[at]];
    if (kind == HALF) {
      return StableCharacters.contains(Character.codePointAt(text, at, to));
    }
    return (kind & PLAIN) != 0 && !isAdded(text, at, to);
  }

  private boolean holdsNoAdded(char[] text, int from, int to) {
    for (int i = from; i < to; i++) {
      if ((kinds[text[i]] & BEGINS_ADDED) != 0 && isAdded(text, i, to)) {
        return false;
      }
    }
    return true;
  }

  private boolean isAdded(char[] text, int at, int to) {
    for (String token : rules.added()) {
      if (to - at >= token.length() && isAt(text, at, token)) {
        return true;
      }
    }
    return false;
  }

  private static boolean isAt(char[] text, int at, String token) {
    for (int i = 0; i < token.length(); i++) {
      if (text[at + i] != token.charAt(i)) {
        return false;
      }
    }
    return true;
  }

  /** Words of an expression and what lies between them are parted by the next expression. */
  private void split(char[] text, int from, int to, int level, ImmutableIntArray.Builder ids) {
    if (level == finders.size()) {
      word(text, from, to, ids);
      return;
    }
    WordFinder finder = finders.get(level);
    int done = from;
    for (int at = from; at < to; ) {
      int end = finder.end(text, at, to);
      if (end > at) {
        if (at > done) {
          split(text, done, at, level + 1, ids);
        }
        split(text, at, end, level + 1, ids);
        done = end;
      }
      at = Math.max(end, at + (Character.isHighSurrogate(text[at]) ? 2 : 1));
    }
    if (done < to) {
      split(text, done, to, level + 1, ids);
    }
  }

  private void word(char[] text, int from, int to, ImmutableIntArray.Builder ids) {
    int[] known = remembered.find(text, from, to);
    if (known.length == 0) {
      known = merged(String.valueOf(text, from, to - from).getBytes(StandardCharsets.UTF_8));
      remembered.put(text, from, to, known);
    }
    for (int id : known) {
      ids.add(id);
    }
  }

  private int[] merged(byte[] utf8) {
    int whole = rules.wholeWords() ? id(written(utf8)) : -1;
    if (whole >= 0) {
      return new int[] {whole};
    }
    int[] symbols = new int[utf8.length];
    for (int i = 0; i < symbols.length; i++) {
      symbols[i] = byteIds[Byte.toUnsignedInt(utf8[i])];
    }
    return Arrays.copyOf(symbols, merge(symbols));
  }

  /** Merges in place; how many symbols are left. */
  private int merge(int[] symbols) {
    int[] ranks = new int[symbols.length];
    int length = symbols.length;
    for (int i = 0; i < length; i++) {
      ranks[i] = rank(symbols, i, length);
    }
    for (int at = lowest(ranks, length); at >= 0; at = lowest(ranks, length)) {
      symbols[at] = merges.merged(symbols[at], symbols[at + 1]);
      System.arraycopy(symbols, at + 2, symbols, at + 1, length - at - 2);
      System.arraycopy(ranks, at + 2, ranks, at + 1, length - at - 2);
      length--;
      ranks[at] = rank(symbols, at, length);
      if (at > 0) {
        ranks[at - 1] = rank(symbols, at - 1, length);
      }
    }
    return length;
  }

  private int rank(int[] symbols, int at, int length) {
    return at + 1 < length ? merges.rank(symbols[at], symbols[at + 1]) : MergeTable.NEVER;
  }

  /** Where the pair of the lowest rank is, the leftmost of equals; -1 where there is none. */
  private static int lowest(int[] ranks, int length) {
    int best = -1;
    int lowest = MergeTable.NEVER;
    for (int i = 0; i < length; i++) {
      if (ranks[i] < lowest) {
        lowest = ranks[i];
        best = i;
      }
    }
    return best;
  }

  private static String written(byte[] utf8) {
    StringBuilder symbols = new StringBuilder(utf8.length);
    for (byte b : utf8) {
      symbols.append(BytePairRules.symbol(Byte.toUnsignedInt(b)));
    }
    return symbols.toString();
  }
}
