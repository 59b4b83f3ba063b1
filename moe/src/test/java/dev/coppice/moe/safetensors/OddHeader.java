package dev.coppice.moe.safetensors;

import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import java.util.Random;

/** Headers that are usual but for a few places, at random. */
final class OddHeader {
  private final Random random;
  private final double oddity;
  private long at;

  private OddHeader(long seed, double oddity) {
    this.random = new Random(seed);
    this.oddity = oddity;
  }

  /**
   * A header.
   *
   * @param seed what it is drawn from
   * @param oddity how likely each place is to be odd, from 0 to 1
   */
  static byte[] bytes(long seed, double oddity) {
    OddHeader header = new OddHeader(seed, oddity);
    byte[] whole = header.text().getBytes(StandardCharsets.UTF_8);
    return header.damaged(whole);
  }

  private byte[] damaged(byte[] header) {
    byte[] damaged = header;
    if (odd()) {
      damaged = Arrays.copyOf(header, random.nextInt(header.length + 1));
    }
    while (odd() && damaged.length > 0) {
      damaged[random.nextInt(damaged.length)] ^= (byte) (1 << random.nextInt(8));
    }
    return damaged;
  }

  private String text() {
    List<String> entries = new ArrayList<>();
    int tensors = random.nextInt(4);
    for (int i = 0; i < tensors; i++) {
      entries.add(name(i) + blank() + ":" + tensor());
    }
    int metadata = odd() ? 2 : random.nextInt(2);
    for (int i = 0; i < metadata; i++) {
      entries.add("\"__metadata__\"" + blank() + ":" + metadata());
    }
    Collections.shuffle(entries, random);
    return (odd() ? blank() : "")
        + object(entries)
        + blank()
        + (odd() ? pick("x", "{}", "\0") : "");
  }

  private String name(int i) {
    return odd()
        ? pick(
            "\"a.weight\"",
            "\"a.weight\"",
            "\"\"",
            "\"a\"",
            "\"\\u0061\"",
            "\"a\\n\"",
            "\"é\"",
            "\"a\tb\"",
            "\"\\ud800\"",
            "a")
        : "\"" + (char) ('a' + i) + ".weight" + "\"";
  }

  private String metadata() {
    List<String> pairs = new ArrayList<>();
    int count = random.nextInt(3);
    for (int i = 0; i < count; i++) {
      String value = odd() ? pick("1", "null", "{}", "\"\\\"\"", "\"ü\"", "\"\0\"") : "\"pt \177\"";
      pairs.add("\"" + (odd() ? "k" : "k" + i) + "\"" + blank() + ":" + blank() + value);
    }
    return odd() ? pick("null", "[]", "\"x\"") : object(pairs);
  }

  private String tensor() {
    int rank = random.nextInt(4);
    List<String> shape = new ArrayList<>();
    long elements = 1;
    for (int i = 0; i < rank; i++) {
      int extent = random.nextInt(12);
      elements *= extent;
      shape.add(number(extent));
    }
    long begin = at;
    at += 2 * elements + (odd() ? 1 : 0);
    List<String> offsets = new ArrayList<>(List.of(number(begin), number(at)));
    if (odd()) {
      offsets.add(number(at));
    }
    List<String> fields =
        new ArrayList<>(
            List.of(
                "\"dtype\":" + blank() + (odd() ? pick("\"I4\"", "\"f16\"", "1") : "\"BF16\""),
                "\"shape\"" + blank() + ":" + array(shape),
                "\"data_offsets\":" + array(offsets)));
    if (odd()) {
      fields.add(fields.get(random.nextInt(3)));
    }
    if (odd()) {
      fields.add(pick("\"x\":[{}]", "\"dtypes\":\"F32\"", "\"\":\"1\"", "\"shap\\u0065\":[]"));
    }
    if (odd()) {
      fields.remove(random.nextInt(3));
    }
    Collections.shuffle(fields, random);
    return object(fields);
  }

  private String number(long number) {
    return odd()
        ? pick(
            "-0",
            "0" + number,
            "-" + number,
            "+" + number,
            number + ".0",
            number + "e0",
            "",
            "\"" + number + "\"",
            "999999999999999999",
            "1000000000000000000",
            "9223372036854775807",
            "9223372036854775808",
            "18446744073709551616",
            "9".repeat(1001))
        : Long.toString(number);
  }

  private String array(List<String> values) {
    return blank() + "[" + String.join(comma(), values) + "]";
  }

  private String object(List<String> entries) {
    return blank().replace("\f", "") + "{" + String.join(comma(), entries) + blank() + "}";
  }

  private String comma() {
    return odd() ? pick("", ",,", ";", ", ,") : blank() + "," + blank();
  }

  private String blank() {
    return odd() ? pick(" ", "\n\t\r ", "\f", "\u00A0", "/**/", "\0", "#") : "";
  }

  private String pick(String... choices) {
    return choices[random.nextInt(choices.length)];
  }

  private boolean odd() {
    return random.nextDouble() < oddity;
  }
}
