package dev.coppice.train.store;

import com.google.common.collect.ImmutableSortedMap;
import dev.coppice.moe.checkpoint.ComputeLedger;
import dev.coppice.train.budget.Spent;
import java.math.BigInteger;

/** The entry of a run in its checkpoints' ledgers. */
final class RunExpense {
  private static final String PURPOSE = "continue-train";
  private static final BigInteger THREE = BigInteger.valueOf(3);

  private RunExpense() {}

  /** The entry: of 6·N_active a token, the forward pass is a third. */
  static ComputeLedger.Entry of(Spent spent) {
    BigInteger forward = spent.flops().divide(THREE);
    ImmutableSortedMap.Builder<String, BigInteger> uses = ImmutableSortedMap.naturalOrder();
    uses.put(ComputeLedger.FORWARD, forward);
    uses.put(ComputeLedger.BACKWARD, spent.flops().subtract(forward));
    put(uses, ComputeLedger.TEACHER, spent.teacherFlops());
    put(uses, ComputeLedger.EVALUATION, spent.evaluationFlops());
    return new ComputeLedger.Entry(
        PURPOSE, spent.totalFlops(), spent.tokens(), false, uses.buildOrThrow());
  }

  private static void put(
      ImmutableSortedMap.Builder<String, BigInteger> uses, String use, BigInteger flops) {
    if (flops.signum() > 0) {
      uses.put(use, flops);
    }
  }
}
