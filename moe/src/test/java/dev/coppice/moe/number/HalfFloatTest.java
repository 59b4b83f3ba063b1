package dev.coppice.moe.number;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

class HalfFloatTest {
  @Test
  void everyHalfComesBack() {
    for (int bits = 0; bits < 1 << 16; bits++) {
      float value = HalfFloat.toFloat((short) bits);
      if (Float.isNaN(value)) {
        assertThat(HalfFloat.toFloat(HalfFloat.fromFloat(value))).isNaN();
      } else {
        assertThat(HalfFloat.fromFloat(value)).isEqualTo((short) bits);
      }
    }
    assertThat(HalfFloat.toFloat((short) 0x3c00)).isEqualTo(1f);
    assertThat(HalfFloat.toFloat((short) 0xfbff)).isEqualTo(-65504f);
    assertThat(HalfFloat.toFloat((short) 1)).isEqualTo(0x1p-24f);
  }

  @Test
  void roundsToNearestTiesToEven() {
    for (int bits = 0; bits < 0x7bff; bits++) {
      float low = HalfFloat.toFloat((short) bits);
      float high = HalfFloat.toFloat((short) (bits + 1));
      float middle = low + (high - low) / 2;
      int even = (bits & 1) == 0 ? bits : bits + 1;
      assertThat(HalfFloat.fromFloat(middle)).isEqualTo((short) even);
      assertThat(HalfFloat.fromFloat(Math.nextDown(middle))).isEqualTo((short) bits);
      assertThat(HalfFloat.fromFloat(Math.nextUp(middle))).isEqualTo((short) (bits + 1));
    }
    assertThat(HalfFloat.fromFloat(65_519f)).isEqualTo((short) 0x7bff);
    assertThat(HalfFloat.fromFloat(65_520f)).isEqualTo((short) 0x7c00);
    assertThat(HalfFloat.fromFloat(1e9f)).isEqualTo((short) 0x7c00);
  }

  @Test
  void bf16RoundsToNearestTiesToEven() {
    assertThat(FloatFormat.roundToBf16(Float.intBitsToFloat(0x3f808000)) >>> 16).isEqualTo(0x3f80);
    assertThat(FloatFormat.roundToBf16(Float.intBitsToFloat(0x3f818000)) >>> 16).isEqualTo(0x3f82);
    assertThat(FloatFormat.roundToBf16(Float.intBitsToFloat(0x3f808001)) >>> 16).isEqualTo(0x3f81);
    assertThat(FloatFormat.roundToBf16(Float.NaN) >>> 16).isEqualTo(0x7fc0);
    assertThat(FloatFormat.roundToBf16(Float.intBitsToFloat(0x7f800001)) >>> 16).isEqualTo(0x7fc0);
  }
}
