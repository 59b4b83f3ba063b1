package dev.coppice.moe.text.bpe;

import com.google.common.collect.ImmutableRangeSet;
import com.google.common.collect.Range;
import java.util.stream.IntStream;

/**
 * Characters that all versions of Unicode and all libraries of expressions class alike: ASCII, and
 * old blocks of letters, marks, numbers and signs. U+017F and U+212A are not among them, which are
 * an s and a k to expressions without case, nor are blanks beyond ASCII.
 */
public final class StableCharacters {
  private static final ImmutableRangeSet<Integer> RANGES =
      ImmutableRangeSet.<Integer>builder()
          .add(Range.closed((int) '\t', (int) '\n'))
          .add(Range.singleton((int) '\r'))
          .add(Range.closed((int) ' ', (int) '~'))
          .add(Range.closed(0xA1, 0xAC))
          .add(Range.closed(0xAE, 0x17E))
          .add(Range.closed(0x180, 0x24F))
          // marks, Greek, Cyrillic, Armenian
          .add(Range.closed(0x300, 0x52F))
          .add(Range.closed(0x531, 0x556))
          .add(Range.closed(0x561, 0x586))
          // Hebrew, Arabic, Devanagari, Thai, Georgian
          .add(Range.closed(0x5D0, 0x5EA))
          .add(Range.closed(0x621, 0x63A))
          .add(Range.closed(0x640, 0x669))
          .add(Range.closed(0x670, 0x6D3))
          .add(Range.closed(0x901, 0x970))
          .add(Range.closed(0xE01, 0xE3A))
          .add(Range.closed(0xE3F, 0xE5B))
          .add(Range.closed(0x10D0, 0x10F0))
          // Vietnamese and old Greek
          .add(Range.closed(0x1EA0, 0x1FFE))
          // signs
          .add(Range.closed(0x200C, 0x200D))
          .add(Range.closed(0x2010, 0x2027))
          .add(Range.closed(0x2030, 0x205E))
          .add(Range.closed(0x2074, 0x207E))
          .add(Range.closed(0x2080, 0x208E))
          .add(Range.closed(0x20A0, 0x20BE))
          .add(Range.closed(0x2100, 0x2117))
          .add(Range.closed(0x2119, 0x2125))
          .add(Range.closed(0x2127, 0x2129))
          .add(Range.closed(0x212C, 0x2149))
          .add(Range.closed(0x2150, 0x2182))
          .add(Range.closed(0x2190, 0x23B3))
          .add(Range.closed(0x23B7, 0x23CF))
          .add(Range.closed(0x2460, 0x27BF))
          .add(Range.closed(0x27F0, 0x2AFF))
          // Chinese, Japanese, Korean
          .add(Range.closed(0x3001, 0x30FF))
          .add(Range.closed(0x4E00, 0x9FA5))
          .add(Range.closed(0xAC00, 0xD7A3))
          .add(Range.closed(0xFE0E, 0xFE0F))
          .add(Range.closed(0xFF01, 0xFF5E))
          // pictures
          .add(Range.closed(0x1F300, 0x1F64F))
          .add(Range.closed(0x1F680, 0x1F6C5))
          .add(Range.closed(0x1F910, 0x1F93A))
          .add(Range.closed(0x1F940, 0x1F945))
          .add(Range.closed(0x1F947, 0x1F970))
          .add(Range.closed(0x1F980, 0x1F9A2))
          .build();

  private StableCharacters() {}

  /** Whether a character is one of them. */
  public static boolean contains(int codePoint) {
    return RANGES.contains(codePoint) && Character.isDefined(codePoint);
  }

  /** All of them. */
  public static IntStream all() {
    return RANGES.asRanges().stream()
        .flatMapToInt(range -> IntStream.rangeClosed(range.lowerEndpoint(), range.upperEndpoint()))
        .filter(Character::isDefined);
  }
}
