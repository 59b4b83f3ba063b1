package dev.coppice.moe.text;

import com.google.common.primitives.ImmutableIntArray;
import java.nio.charset.StandardCharsets;
import java.text.Normalizer;
import java.util.Arrays;
import java.util.HashMap;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.Function;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * Byte-level BPE with a memory of words.
 *
 * <p>Only text whose characters every library puts into the same classes is read here: lines with
 * others, or with added tokens, go to the library. Thread-safe.
 *
 * <p><b>Source</b>: Sennrich, Haddow, Birch, "Neural machine translation of rare words with subword
 * units", ACL 2016, in the form of Hugging Face tokenizers: of all neighbours the pair that was
 * learnt first is merged, the leftmost if there are several.
 */
final class BytePairEncoder {
  private static final int LONGEST_WORD = 2048;
  private static final int LONGEST_REMEMBERED = 32;
  private static final int REMEMBERED = 1 << 18;

  /** What {@link #agrees} compares: contractions, digits, blanks, other scripts, code. */
  private static final String TRIAL =
      """
      It's 2024, they'll've said: "don't"!  WE'RE 12345 x_1+=y[3];   // two   blanks
      \tfor (int i = 0; i < n; i++) {\n\t\tf(i);\r\n\n\n    }
      Grüße, naïve café; мир и труд, Ελλάδα 1½ 世界您好，再见。 こんにちは — “quotes” … €5
      a\n\n  b \n c  \t d 'S 'Ll ''' ... !!!\n/path/x\n#tag  7 8\s\s
      """;

  private final BytePairRules rules;
  private final Function<String, int[]> library;
  private final int[] byteIds = new int[256];
  private final Map<Long, Merge> merges = new HashMap<>();
  private final Map<String, int[]> remembered = new ConcurrentHashMap<>();

  private record Merge(int rank, int id) {}

  /**
   * An encoder.
   *
   * @param rules what it follows
   * @param library what reads the lines that it cannot
   */
  BytePairEncoder(BytePairRules rules, Function<String, int[]> library) {
    this.rules = rules;
    this.library = library;
    for (int b = 0; b < byteIds.length; b++) {
      byteIds[b] = id(String.valueOf(BytePairRules.symbol(b)));
    }
    for (int rank = 0; rank < rules.merges().size(); rank++) {
      String pair = rules.merges().get(rank);
      int blank = pair.indexOf(' ');
      String left = pair.substring(0, blank);
      String right = pair.substring(blank + 1);
      merges.put(key(id(left), id(right)), new Merge(rank, id(left + right)));
    }
  }

  private int id(String symbol) {
    return rules.vocabulary().getOrDefault(symbol, -1);
  }

  private static long key(int left, int right) {
    return (long) left << 32 | right;
  }

  /**
   * Whether both ways give the same ids for a text that has something of everything, and the judge
   * the same ids for its parts.
   */
  boolean agrees(Function<String, int[]> judge) {
    boolean known = merges.values().stream().noneMatch(merge -> merge.id() < 0);
    if (!known || !isPlain(TRIAL)) {
      return false;
    }
    int[] whole = judge.apply(TRIAL);
    ImmutableIntArray.Builder parts = ImmutableIntArray.builder();
    int from = 0;
    for (int at = 1; at <= TRIAL.length(); at++) {
      if (at == TRIAL.length() || mayCut(TRIAL, at, true)) {
        parts.addAll(ImmutableIntArray.copyOf(judge.apply(TRIAL.substring(from, at))));
        from = at;
      }
    }
    return Arrays.equals(encode(TRIAL), whole) && Arrays.equals(parts.build().toArray(), whole);
  }

  /** The ids of a text that {@link TextPieces} cut at lines, or that was not cut. */
  int[] encode(String text) {
    if (isPlain(text)) {
      return plain(text);
    }
    // an added token may hold a blank, so that words are not parted near one
    boolean words = holdsNoAdded(text);
    ImmutableIntArray.Builder ids = ImmutableIntArray.builder(text.length() / 2 + 1);
    int done = 0;
    int from = 0;
    boolean handOver = false;
    for (int at = 1; at <= text.length(); at++) {
      if (at == text.length() || mayCut(text, at, words)) {
        boolean other = !isPlain(text.substring(from, at));
        if (other != handOver) {
          add(text.substring(done, from), handOver, ids);
          done = from;
          handOver = other;
        }
        from = at;
      }
    }
    add(text.substring(done), handOver, ids);
    return ids.build().toArray();
  }

  private void add(String text, boolean handOver, ImmutableIntArray.Builder ids) {
    for (int id : handOver ? library.apply(text) : plain(text)) {
      ids.add(id);
    }
  }

  /** Between some lines, and between a letter and a blank that a letter follows, all of ASCII. */
  private static boolean mayCut(String text, int at, boolean words) {
    return TextPieces.mayCut(text, at)
        || (words
            && text.charAt(at) == ' '
            && at + 1 < text.length()
            && TextPieces.isLetter(text.charAt(at - 1))
            && TextPieces.isLetter(text.charAt(at + 1)));
  }

  private boolean isPlain(String text) {
    boolean ascii = true;
    int run = 0;
    boolean blank = false;
    for (int i = 0; i < text.length(); i++) {
      char c = text.charAt(i);
      if (!isPlain(c)) {
        return false;
      }
      ascii &= c < 0x80;
      run = blank == c <= ' ' ? run + 1 : 0;
      blank = c <= ' ';
      if (run > LONGEST_WORD) {
        return false;
      }
    }
    return holdsNoAdded(text)
        && (ascii || !rules.normalizes() || Normalizer.isNormalized(text, Normalizer.Form.NFC));
  }

  private boolean holdsNoAdded(String text) {
    for (String token : rules.added()) {
      if (text.contains(token)) {
        return false;
      }
    }
    return true;
  }

  /**
   * Whether all versions of Unicode and all libraries put a character into the same class: ASCII,
   * and old blocks of letters, numbers and signs. U+017F is an s to expressions without case.
   */
  private static boolean isPlain(char c) {
    if (c < 0x7f) {
      return c >= ' ' || c == '\n' || c == '\t' || c == '\r';
    }
    boolean oldBlock =
        (c > 0xA0 && c < 0x250 && c != 0xAD && c != 0x17F)
            || (c >= 0x370 && c < 0x530)
            || (c >= 0x2010 && c < 0x2028)
            || (c >= 0x2030 && c < 0x205F)
            || (c >= 0x20A0 && c < 0x20BF)
            || (c >= 0x2190 && c < 0x2300)
            || (c >= 0x2500 && c < 0x2700)
            || (c > 0x3000 && c < 0x3100)
            || (c >= 0x4E00 && c < 0x9FA6)
            || (c >= 0xAC00 && c < 0xD7A4)
            || (c > 0xFF00 && c < 0xFF5F);
    return oldBlock && Character.isDefined(c);
  }

  private int[] plain(String text) {
    ImmutableIntArray.Builder ids = ImmutableIntArray.builder(text.length() / 2 + 1);
    split(text, 0, ids);
    return ids.build().toArray();
  }

  private void split(String text, int level, ImmutableIntArray.Builder ids) {
    if (level == rules.words().size()) {
      word(text, ids);
      return;
    }
    Pattern pattern = rules.words().get(level);
    Matcher matcher = pattern.matcher(text);
    int end = 0;
    while (matcher.find()) {
      if (matcher.start() > end) {
        split(text.substring(end, matcher.start()), level + 1, ids);
      }
      if (matcher.end() > matcher.start()) {
        split(matcher.group(), level + 1, ids);
      }
      end = matcher.end();
    }
    if (end < text.length()) {
      split(text.substring(end), level + 1, ids);
    }
  }

  private void word(String word, ImmutableIntArray.Builder ids) {
    int[] known = remembered.get(word);
    if (known == null) {
      known = merged(word);
      if (word.length() <= LONGEST_REMEMBERED && remembered.size() < REMEMBERED) {
        remembered.put(word, known);
      }
    }
    for (int id : known) {
      ids.add(id);
    }
  }

  private int[] merged(String word) {
    byte[] utf8 = word.getBytes(StandardCharsets.UTF_8);
    int[] symbols = new int[utf8.length];
    for (int i = 0; i < symbols.length; i++) {
      symbols[i] = byteIds[Byte.toUnsignedInt(utf8[i])];
    }
    if (rules.wholeWords()) {
      int whole = id(written(utf8));
      if (whole >= 0) {
        return new int[] {whole};
      }
    }
    int length = symbols.length;
    for (int at = first(symbols, length); at >= 0; at = first(symbols, length)) {
      symbols[at] = Objects.requireNonNull(merges.get(key(symbols[at], symbols[at + 1]))).id();
      System.arraycopy(symbols, at + 2, symbols, at + 1, length - at - 2);
      length--;
    }
    return Arrays.copyOf(symbols, length);
  }

  private static String written(byte[] utf8) {
    StringBuilder symbols = new StringBuilder(utf8.length);
    for (byte b : utf8) {
      symbols.append(BytePairRules.symbol(Byte.toUnsignedInt(b)));
    }
    return symbols.toString();
  }

  /** Where the pair of the lowest rank is, the leftmost of equals; -1 where there is none. */
  private int first(int[] symbols, int length) {
    int best = -1;
    int lowest = Integer.MAX_VALUE;
    for (int i = 0; i + 1 < length; i++) {
      Merge merge = merges.get(key(symbols[i], symbols[i + 1]));
      if (merge != null && merge.rank() < lowest) {
        lowest = merge.rank();
        best = i;
      }
    }
    return best;
  }
}
