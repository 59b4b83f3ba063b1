package dev.coppice.growth.width;

import com.fasterxml.jackson.databind.JsonNode;
import com.google.common.collect.ImmutableList;
import dev.coppice.growth.plan.GrowthPlan;
import dev.coppice.growth.plan.GrowthPlan.Effect;
import dev.coppice.growth.plan.Invariant;
import dev.coppice.growth.plan.Refusal;
import dev.coppice.growth.width.DuplicateExperts.ExpertStart;
import dev.coppice.growth.width.DuplicateExperts.Placement;
import dev.coppice.growth.width.DuplicateExperts.RouterStart;
import dev.coppice.growth.width.DuplicateExperts.TopK;
import dev.coppice.moe.CoppiceException;
import dev.coppice.moe.anatomy.Anatomy;
import dev.coppice.moe.anatomy.ConfigView;
import dev.coppice.moe.anatomy.Part;
import dev.coppice.moe.anatomy.RouterTraits;
import dev.coppice.moe.anatomy.RouterTraits.Groups;
import dev.coppice.moe.anatomy.RouterTraits.Score;
import dev.coppice.moe.anatomy.TensorSite;
import java.util.Locale;
import java.util.Optional;

/**
 * The change of a router under duplication that keeps the model's function: derived from how its
 * scores are made, shared, limited and scaled.
 *
 * <ul>
 *   <li>Top-k grows with the experts: a copy would else take its original's place among the chosen.
 *   <li>Scores that share a sum of one (softmax) halve when experts double, and the copies add up
 *       to the original; an additive selection bias must halve with them.
 *   <li>Scores that stand alone (sigmoid) keep their size: without division by their sum the output
 *       would double, so the scaling factor is divided; a selection bias is copied.
 *   <li>Groups must hold the same scores as before. Appended copies form groups of their own, of
 *       which as many more are chosen. Interleaved copies double each group in place, which leaves
 *       the largest score of a group alone, but not the sum of its two largest.
 *   <li>A router that scales its one expert's input keeps top-1: two copies would be added.
 * </ul>
 *
 * @param scalesTopK whether top-k is multiplied
 * @param shares whether copies then share what their expert had alone
 * @param dividesScale whether the scaling factor is divided
 * @param dividesBias whether the selection bias is divided
 * @param groups the group limit whose counts are multiplied, if any
 * @param effect what is kept, and the sentences that say so
 */
record RouterRecipe(
    boolean scalesTopK,
    boolean shares,
    boolean dividesScale,
    boolean dividesBias,
    Optional<Groups> groups,
    Effect effect) {

  /**
   * The recipe of a growth.
   *
   * @throws CoppiceException if there is none
   */
  static RouterRecipe of(DuplicateExperts operator, GrowthPlan plan) {
    return new Derivation(operator, plan).derive();
  }

  private static final class Derivation {
    private final DuplicateExperts operator;
    private final GrowthPlan plan;
    private final Anatomy anatomy;
    private final ConfigView config;
    private final RouterTraits router;
    private final Score score;
    private final ImmutableList.Builder<String> notes = ImmutableList.builder();

    Derivation(DuplicateExperts operator, GrowthPlan plan) {
      this.operator = operator;
      this.plan = plan;
      this.anatomy = plan.anatomy();
      this.config = anatomy.config();
      this.router = plan.family().traits().router();
      this.score = router.score(config).orElseThrow(this::unknownScore);
    }

    RouterRecipe derive() {
      if (anatomy.experts() == 0) {
        throw refusal("it has no layer with experts");
      }
      checkRouter();
      boolean top1 = score == Score.SIGMOID_INPUT;
      boolean scales = operator.topK() == TopK.SCALE || (operator.topK() == TopK.EXACT && !top1);
      boolean dividesScale = scales && !score.shared() && !top1 && !renormalizes();
      if (dividesScale && router.scale().isEmpty()) {
        throw refusal("its scores are not shared, and no scaling factor could be divided");
      }
      boolean dividesBias = score.shared() && hasSelectionBias();
      Optional<Groups> groups = groups();
      describe(scales, dividesScale);
      describeBias(dividesBias);
      groups.ifPresent(this::describe);
      return new RouterRecipe(
          scales,
          scales && !top1,
          dividesScale,
          dividesBias,
          groups,
          new Effect(invariant(scales != top1), notes.build()));
    }

    private void checkRouter() {
      if (score == Score.SPARSEMIXER) {
        throw refusal("its sampler chooses two experts by a fixed rule");
      }
      if (score == Score.SIGMOID_INPUT && anatomy.topK() != 1) {
        throw refusal(
            "it scales the inputs of its experts, which is exact with one expert a token only, got "
                + anatomy.topK());
      }
      if (!router.normPower().isEmpty()) {
        JsonNode power = config.value(router.normPower());
        if (power.isNumber() && power.doubleValue() != 1) {
          throw refusal(
              "it divides scores by their norm of power "
                  + power
                  + ", which copies change ("
                  + router.normPower()
                  + ")");
        }
      }
    }

    private CoppiceException unknownScore() {
      return refusal(
          "its router's scores are of an unsupported kind ("
              + router.scoring().key()
              + " is "
              + config.value(router.scoring().key())
              + ")");
    }

    private boolean renormalizes() {
      return router.renormalizes(config);
    }

    private boolean hasSelectionBias() {
      return anatomy.sites().values().stream().anyMatch(site -> site.is(Part.SELECTION_BIAS));
    }

    private Optional<Groups> groups() {
      Optional<Groups> active = router.activeGroups(config).stream().findFirst();
      if (operator.placement() == Placement.APPEND || active.isEmpty()) {
        return active;
      }
      if (active.get().score().equals("max")) {
        notes.add("width: groups are scored by their largest expert: interleaved copies keep them");
        return Optional.empty();
      }
      throw refusal(
          "its groups are scored by the sum of their two largest experts, which interleaved copies"
              + " change: append them");
    }

    private Invariant invariant(boolean topKFits) {
      boolean exact =
          operator.noise() == 0
              && topKFits
              && operator.router() == RouterStart.COPY
              && operator.experts() == ExpertStart.COPY;
      return exact ? Invariant.EXACT : Invariant.NONE;
    }

    private void describe(boolean scales, boolean dividesScale) {
      int m = operator.factor();
      notes.add(
          String.format(
              Locale.ROOT,
              "width: %d experts become %d, top-k %d becomes %d (%s router%s)",
              anatomy.experts(),
              anatomy.experts() * m,
              anatomy.topK(),
              anatomy.topK() * (scales ? m : 1),
              score.name().toLowerCase(Locale.ROOT).replace('_', ' '),
              renormalizes() ? ", renormalised" : ""));
      if (dividesScale) {
        notes.add(
            String.format(
                Locale.ROOT,
                "width: %s is divided by %d, since scores are added as they are",
                router.scale(),
                m));
      }
    }

    private void describeBias(boolean divides) {
      if (divides) {
        notes.add(
            "width: the selection bias is divided by "
                + operator.factor()
                + ", as probabilities are");
      } else if (hasSelectionBias()) {
        notes.add("width: the selection bias is copied");
      }
    }

    private void describe(Groups groups) {
      notes.add(
          String.format(
              Locale.ROOT,
              "width: %s and %s are multiplied by %d: appended copies form groups of their own",
              groups.count(),
              groups.chosen(),
              operator.factor()));
    }

    private CoppiceException refusal(String why) {
      return Refusal.of(plan, "grow in width", why);
    }
  }

  /** Whether a tensor's numbers are divided by the factor. */
  boolean divides(TensorSite site) {
    return dividesBias && site.is(Part.SELECTION_BIAS);
  }
}
