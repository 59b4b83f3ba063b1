package dev.coppice.moe.model;

import com.google.common.collect.ImmutableList;
import dev.coppice.moe.kernel.KernelLibrary;
import dev.coppice.moe.kernel.Pass;
import java.util.Optional;

/**
 * One team member's share of a batch.
 *
 * @param gradient that it adds to
 * @param tokens of the share
 * @param pass over the share
 * @param teacher inputs of the teacher's kernels, where there is one
 * @param mixtures pieces of each layer, which all members take from
 */
record MemberWork(
    GradientShare gradient,
    KernelLibrary.Tokens tokens,
    Pass pass,
    Optional<KernelLibrary.Inputs> teacher,
    ImmutableList<Mixture> mixtures) {

  /** The pieces of one layer, which all members take from. */
  record Mixture(Pieces forward, Pieces again, Pieces backward, Pieces weights) {
    Mixture() {
      this(new Pieces(), new Pieces(), new Pieces(), new Pieces());
    }
  }

  /** A mixture whose weights' gradients are not all made; nothing where they are. */
  record Pending(MemberWork work, int layer, int pieces) {
    boolean takeOne() {
      return weights().takeOne(pieces, this::make);
    }

    void takeAll() {
      weights().takeAll(pieces, this::make);
    }

    private Pieces weights() {
      return work.mixtures().get(layer).weights();
    }

    private void make(int piece) {
      work.pass().mixWeights(layer, piece);
    }
  }
}
