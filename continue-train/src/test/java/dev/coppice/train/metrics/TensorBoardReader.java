package dev.coppice.train.metrics;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/** Reads event files by code of its own: checksums bit by bit, messages field by field. */
final class TensorBoardReader {
  private TensorBoardReader() {}

  /** The payloads of the whole records that a file begins with. */
  static List<byte[]> wholeRecords(byte[] file) {
    List<byte[]> payloads = new ArrayList<>();
    ByteBuffer in = ByteBuffer.wrap(file).order(ByteOrder.LITTLE_ENDIAN);
    while (in.remaining() >= 16) {
      byte[] length = new byte[8];
      in.get(length);
      long count = ByteBuffer.wrap(length).order(ByteOrder.LITTLE_ENDIAN).getLong();
      if (in.getInt() != mask(crc32c(length)) || in.remaining() < count + 4) {
        break;
      }
      byte[] payload = new byte[(int) count];
      in.get(payload);
      if (in.getInt() != mask(crc32c(payload))) {
        break;
      }
      payloads.add(payload);
    }
    return payloads;
  }

  /** Bytes of records with such payloads. */
  static long size(List<byte[]> payloads) {
    return payloads.stream().mapToLong(payload -> payload.length + 16).sum();
  }

  /** An event's entries as {@code step tag value}. */
  static List<String> entries(byte[] payload) {
    Map<Integer, List<Object>> event = fields(payload);
    long step = event.containsKey(2) ? (Long) event.get(2).get(0) : 0;
    List<String> entries = new ArrayList<>();
    if (event.containsKey(3)) {
      entries.add(step + " " + text(event.get(3).get(0)));
    }
    if (event.containsKey(7)) {
      entries.add(step + " start");
    }
    if (event.containsKey(5)) {
      for (Object value : fields((byte[]) event.get(5).get(0)).get(1)) {
        entries.add(step + " " + value(fields((byte[]) value)));
      }
    }
    return entries;
  }

  private static String value(Map<Integer, List<Object>> value) {
    String tag = text(value.get(1).get(0));
    if (value.containsKey(2)) {
      return tag + " " + value.get(2).get(0);
    }
    Map<Integer, List<Object>> plugin =
        fields((byte[]) fields((byte[]) value.get(9).get(0)).get(1).get(0));
    Map<Integer, List<Object>> tensor = fields((byte[]) value.get(8).get(0));
    return tag + " " + text(plugin.get(1).get(0)) + " " + text(tensor.get(8).get(0));
  }

  private static Map<Integer, List<Object>> fields(byte[] message) {
    Map<Integer, List<Object>> fields = new TreeMap<>();
    ByteBuffer in = ByteBuffer.wrap(message).order(ByteOrder.LITTLE_ENDIAN);
    while (in.hasRemaining()) {
      long key = varint(in);
      fields
          .computeIfAbsent((int) (key >> 3), k -> new ArrayList<>())
          .add(field(in, (int) key & 7));
    }
    return fields;
  }

  private static Object field(ByteBuffer in, int wireType) {
    return switch (wireType) {
      case 0 -> varint(in);
      case 1 -> in.getDouble();
      case 2 -> {
        byte[] bytes = new byte[(int) varint(in)];
        in.get(bytes);
        yield bytes;
      }
      case 5 -> in.getFloat();
      default -> throw new IllegalStateException("wire type must be known, got " + wireType);
    };
  }

  private static long varint(ByteBuffer in) {
    long value = 0;
    for (int shift = 0; ; shift += 7) {
      byte b = in.get();
      value |= (b & 0x7FL) << shift;
      if (b >= 0) {
        return value;
      }
    }
  }

  private static String text(Object bytes) {
    return new String((byte[]) bytes, StandardCharsets.UTF_8);
  }

  private static int mask(int crc) {
    return ((crc >>> 15) | (crc << 17)) + 0xa282ead8;
  }

  /** CRC-32C, reflected polynomial 0x82F63B78. */
  private static int crc32c(byte[] bytes) {
    int crc = -1;
    for (byte b : bytes) {
      crc ^= b & 0xFF;
      for (int bit = 0; bit < 8; bit++) {
        crc = (crc >>> 1) ^ ((crc & 1) == 1 ? 0x82F63B78 : 0);
      }
    }
    return ~crc;
  }
}
