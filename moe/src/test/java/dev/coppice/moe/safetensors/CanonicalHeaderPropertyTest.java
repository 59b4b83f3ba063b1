package dev.coppice.moe.safetensors;

import static org.assertj.core.api.Assertions.assertThat;

import dev.coppice.moe.safetensors.HeaderParser.Header;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.Optional;
import net.jqwik.api.Example;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.DoubleRange;

/** The fast reader gives up, or says exactly what the reader of everything says. */
class CanonicalHeaderPropertyTest {
  private static final Path FILE = Path.of("some.safetensors");

  @Property(tries = 20_000)
  void agreesOrGivesUp(@ForAll long seed, @ForAll @DoubleRange(max = 0.1) double oddity) {
    assertAgreesOrGivesUp(OddHeader.bytes(seed, oddity));
  }

  @Property(tries = 500)
  void readsWhatIsUsual(@ForAll long seed) {
    byte[] header = OddHeader.bytes(seed, 0);
    assertThat(CanonicalHeader.read(ByteBuffer.wrap(header)))
        .as(new String(header, StandardCharsets.UTF_8))
        .contains(HeaderParser.parseAny(FILE, ByteBuffer.wrap(header)));
  }

  @Example
  void agreesOrGivesUpOverTheVerdictTable() {
    long read =
        HostileHeaders.all()
            .filter(row -> !row.name().contains("cap"))
            .map(row -> row.bytes().get())
            .filter(file -> file.length > Long.BYTES)
            .filter(file -> assertAgreesOrGivesUp(header(file)))
            .count();
    assertThat(read).isGreaterThan(40);
  }

  @Example
  void readsFromTheBuffersPositionToItsLimit() {
    ByteBuffer inside =
        ByteBuffer.wrap("xx{}  }".getBytes(StandardCharsets.UTF_8), 1, 5).slice().position(1);
    assertThat(CanonicalHeader.read(inside)).isPresent();
    assertThat(CanonicalHeader.read(inside.limit(inside.limit() - 3))).isEmpty();
  }

  private static byte[] header(byte[] file) {
    long length = ByteBuffer.wrap(file).order(java.nio.ByteOrder.LITTLE_ENDIAN).getLong();
    int end = (int) Math.min(file.length, Long.BYTES + Math.max(0, Math.min(length, 1 << 20)));
    return java.util.Arrays.copyOfRange(file, Long.BYTES, end);
  }

  /** Returns whether the header was read. */
  private static boolean assertAgreesOrGivesUp(byte[] bytes) {
    Optional<Header> fast = CanonicalHeader.read(ByteBuffer.wrap(bytes));
    fast.ifPresent(
        header -> {
          Header slow = HeaderParser.parseAny(FILE, ByteBuffer.wrap(bytes));
          assertThat(header).isEqualTo(slow);
          assertThat(header.tensors().keySet().asList())
              .isEqualTo(slow.tensors().keySet().asList());
          assertThat(header.metadata().keySet().asList())
              .isEqualTo(slow.metadata().keySet().asList());
        });
    return fast.isPresent();
  }
}
