package dev.coppice.growth.cli;

import static org.assertj.core.api.Assertions.assertThat;

import com.google.common.collect.ImmutableSortedMap;
import dev.coppice.moe.checkpoint.ComputeLedger;
import java.math.BigInteger;
import org.junit.jupiter.api.Test;

class LedgerTextTest {
  @Test
  void tellsSumsAndWhatEachExpenseWasSpentOn() {
    ComputeLedger ledger =
        ComputeLedger.empty()
            .plus(new ComputeLedger.Entry("train", BigInteger.valueOf(2_000_000), 5_000, true))
            .plus(
                new ComputeLedger.Entry(
                    "continue-train",
                    BigInteger.valueOf(600),
                    10,
                    false,
                    ImmutableSortedMap.of(
                        ComputeLedger.FORWARD, BigInteger.valueOf(200),
                        ComputeLedger.BACKWARD, BigInteger.valueOf(400),
                        ComputeLedger.EVALUATION, BigInteger.valueOf(50))));
    assertThat(LedgerText.of(ledger).lines())
        .containsExactly(
            "ledger             2.00M sunk FLOPs, 600 extra",
            "                   train: 2.00M FLOPs, 5.00k tokens, sunk",
            "                   continue-train: 600 FLOPs, 10 tokens, extra (backward 400,"
                + " evaluation 50 beside the budget, forward 200)");
  }
}
