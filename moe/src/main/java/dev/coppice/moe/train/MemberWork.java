package dev.coppice.moe.train;

import com.google.common.collect.ImmutableList;
import dev.coppice.moe.backend.KernelLibrary;
import dev.coppice.moe.backend.Pass;
import dev.coppice.moe.backend.TaskQueue;
import java.util.Optional;

/**
 * One team member's share of a batch.
 *
 * @param gradient that it adds to
 * @param tokens of the share
 * @param pass over the share
 * @param teacher inputs of the teacher's kernels, where there is one
 * @param mixtures tasks of each layer, which all members take from
 */
record MemberWork(
    GradientShare gradient,
    KernelLibrary.Tokens tokens,
    Pass pass,
    Optional<KernelLibrary.Inputs> teacher,
    ImmutableList<Mixture> mixtures) {

  /** The tasks of one layer, which all members take from. */
  record Mixture(TaskQueue forward, TaskQueue recompute, TaskQueue backward, TaskQueue weights) {
    Mixture() {
      this(new TaskQueue(), new TaskQueue(), new TaskQueue(), new TaskQueue());
    }
  }

  /** A mixture whose weights' gradients are not all made; nothing where they are. */
  record Pending(MemberWork work, int layer, int tasks) {
    boolean takeOne() {
      return weights().takeOne(tasks, this::make);
    }

    void takeAll() {
      weights().takeAll(tasks, this::make);
    }

    private TaskQueue weights() {
      return work.mixtures().get(layer).weights();
    }

    private void make(int task) {
      work.pass().expertWeightGrads(layer, task);
    }
  }
}
