package dev.coppice.train.budget;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.google.common.collect.ImmutableList;
import dev.coppice.moe.CoppiceException;
import dev.coppice.moe.ErrorKind;
import dev.coppice.moe.spec.GroupedAttention;
import dev.coppice.moe.spec.LayerSpec;
import dev.coppice.moe.spec.MoeSpec;
import dev.coppice.moe.spec.RouterSpec;
import dev.coppice.train.TrainJson;
import java.io.IOException;
import java.math.BigInteger;
import java.time.Duration;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class BudgetTest {
  private static final MoeSpec SMALL =
      new MoeSpec(
          "qwen3_moe",
          256,
          8,
          GroupedAttention.plain(2, 1, 4, true, 10_000),
          new RouterSpec(true),
          ImmutableList.of(new LayerSpec.Moe(4, 2, 16), new LayerSpec.Moe(4, 2, 16)),
          1e-6,
          false,
          64);

  @ParameterizedTest
  @CsvSource({"3e15,3000000000000000", "2500000,2500000", "1.5E3,1500", " 7 ,7"})
  void readsFlops(String text, BigInteger amount) {
    assertThat(Budget.parseFlops(text)).isEqualTo(new Budget.Flops(amount));
  }

  @ParameterizedTest
  @ValueSource(strings = {"3e15 FLOPs", "", "1.5"})
  void refusesWhatIsNoWholeNumber(String text) {
    assertThatThrownBy(() -> Budget.parseFlops(text))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessage("budget must be a whole number such as 3e15, got " + text);
  }

  @Test
  void refusesNothingAndLess() {
    assertThatThrownBy(() -> Budget.parseFlops("-1"))
        .hasMessage("budget must be positive, got -1 FLOPs");
    assertThatThrownBy(() -> new Budget.Tokens(0))
        .hasMessage("budget must be positive, got 0 tokens");
    assertThatThrownBy(() -> new Budget.Steps(0))
        .hasMessage("budget must be positive, got 0 steps");
    assertThatThrownBy(() -> Budget.WallClock.of(Duration.ZERO))
        .hasMessage("budget must be positive, got 0.0 seconds");
  }

  @Test
  void countsAStepOfASmallModel() {
    // counted by hand: head 2048, final norm 8, and a layer: q and o 128, k and v 64, head norms 8,
    // norms 16, router 32, two experts 768
    StepCost cost = StepCost.of(SMALL, 3, 32);
    long active = 2048 + 8 + 2 * (128 + 64 + 8 + 16 + 32 + 768);
    assertThat(cost.tokens()).isEqualTo(96);
    assertThat(cost.flops()).isEqualTo(BigInteger.valueOf(6 * active * 96));
    // attention: 12 · 8 · 32 in each of two layers
    assertThat(cost.flopsWithAttention())
        .isEqualTo(BigInteger.valueOf(6 * active * 96 + 12L * 8 * 32 * 2 * 96));
  }

  @Test
  void refusesABudgetBelowOneStepWithBothNumbers() {
    StepCost cost = new StepCost(100, BigInteger.valueOf(6000), BigInteger.valueOf(7000));
    assertThatThrownBy(() -> new BudgetMeter(Budget.parseFlops("5999"), cost, Spent.NOTHING))
        .isInstanceOfSatisfying(
            CoppiceException.class, e -> assertThat(e.kind()).isEqualTo(ErrorKind.REQUEST_INVALID))
        .hasMessage("budget must hold one step of 6000 FLOPs, got 5999 FLOPs");
    assertThatThrownBy(() -> new BudgetMeter(new Budget.Tokens(99), cost, Spent.NOTHING))
        .hasMessage("budget must hold one step of 100 tokens, got 99 tokens");
    assertThat(new BudgetMeter(Budget.parseFlops("6000"), cost, Spent.NOTHING).fits()).isTrue();
  }

  @Test
  void stopsBeforeAStepThatTimeDoesNotHold() {
    StepCost cost = new StepCost(1, BigInteger.ONE, BigInteger.ONE);
    BudgetMeter meter = new BudgetMeter(new Budget.WallClock(10), cost, Spent.NOTHING);
    meter.spend(4);
    assertThat(meter.fits()).isTrue();
    meter.spend(4);
    assertThat(meter.fits()).isFalse();
    assertThat(meter.share()).isEqualTo(0.8);
  }

  @Test
  void isReadBackFromJson() throws IOException {
    List<Budget> budgets =
        List.of(
            Budget.parseFlops("123456789012345678901234567890"),
            new Budget.Tokens(5),
            new Budget.Steps(6),
            new Budget.WallClock(7.5));
    for (Budget budget : budgets) {
      String json = TrainJson.mapper().writerFor(Budget.class).writeValueAsString(budget);
      assertThat(TrainJson.mapper().readValue(json, Budget.class)).isEqualTo(budget);
    }
  }

  @Test
  void aTeacherIsPaidWhileItIsAsked() {
    StepCost alone = new StepCost(10, BigInteger.valueOf(600), BigInteger.valueOf(700));
    StepCost taught =
        new StepCost(
            10,
            BigInteger.valueOf(600),
            BigInteger.valueOf(700),
            BigInteger.valueOf(200),
            BigInteger.valueOf(250));
    BudgetMeter meter =
        new BudgetMeter(
            Budget.parseFlops("4000"), share -> share < 0.5 ? taught : alone, Spent.NOTHING);
    while (meter.fits()) {
      meter.spend(1);
    }
    // three steps of 800 reach the half, then two of 600
    assertThat(meter.spent().steps()).isEqualTo(5);
    assertThat(meter.spent().totalFlops()).isEqualTo(3600);
    assertThat(meter.spent().teacherFlops()).isEqualTo(600);
    meter.evaluated(BigInteger.TEN);
    assertThat(meter.spent().totalFlops()).isEqualTo(3600);
    assertThat(meter.spent().evaluationFlops()).isEqualTo(10);
  }

  @Test
  void countsAttentionWhereTheBudgetDoes() {
    StepCost cost = new StepCost(10, BigInteger.valueOf(600), BigInteger.valueOf(700));
    BudgetMeter meter = new BudgetMeter(Budget.parseModelFlops("1400"), cost, Spent.NOTHING);
    meter.spend(1);
    assertThat(meter.share()).isEqualTo(0.5);
    assertThat(meter.shareInNextStep()).isEqualTo(0.75);
    meter.spend(1);
    assertThat(meter.fits()).isFalse();
    assertThatThrownBy(() -> new BudgetMeter(Budget.parseModelFlops("699"), cost, Spent.NOTHING))
        .hasMessage("budget must hold one step of 700 model FLOPs, got 699 model FLOPs");
  }
}
