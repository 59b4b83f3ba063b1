package dev.coppice.bench.experiment;

import dev.coppice.moe.CoppiceException;
import dev.coppice.moe.ErrorKind;
import dev.coppice.moe.cli.ProgressLine;
import dev.coppice.moe.io.Folders;
import dev.coppice.train.run.TrainResult;
import java.io.IOException;
import java.nio.file.Files;
import java.util.Locale;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Trains a small base, grows it, and continues three arms under one budget of extra FLOPs: the
 * grown model, its shape from fresh weights, and the base simply trained on.
 *
 * <p>With given budgets, everything but times is a function of recipe, text, budgets and machine.
 *
 * <p><b>Source</b>: the comparison of arXiv 2510.08008. <b>Differs</b>: the old model trained on is
 * an arm of its own, at the same extra FLOPs; optimizer moments start at zero in every arm.
 */
public final class GrowVersusScratch {
  private static final Logger LOG = LoggerFactory.getLogger(GrowVersusScratch.class);

  /** On the least time, as a machine's speed changes. */
  private static final double MARGIN = 1.2;

  private static final double PROBE_SHARE = 0.01;
  private static final double LONGEST_PROBE_SECONDS = 4;

  private GrowVersusScratch() {}

  /**
   * Runs the experiment and writes its folder.
   *
   * @param request inputs of the experiment
   * @return what {@code results.json} holds
   * @throws dev.coppice.moe.CoppiceException when the folder exists, there is no text, or the time
   *     or a budget does not hold a step of each model; then nothing is left behind
   * @throws IOException when reading or writing fails
   */
  public static ExperimentResults run(ExperimentRequest request) throws IOException {
    long started = System.nanoTime();
    ExperimentSpec asked = request.spec();
    ExperimentFolder.refuseExisting(request.out());
    Corpus corpus = Corpus.find(request.corpus(), asked.judging().heldOutShare(), asked.seed());
    Estimate measured = estimate(request);
    ExperimentSpec spec = fitted(request, measured, secondsSince(started));
    Estimate estimate = measured.judging(spec);
    Budgets budgets = budgets(request, estimate, secondsSince(started));
    estimate.check(budgets);
    ExperimentFolder folder = ExperimentFolder.create(request.out());
    try (Corpus.Tokens tokens = corpus.tokenize(folder.work("data"));
        ExperimentProgress progress =
            new ExperimentProgress(estimate.total(budgets), request.quiet())) {
      Stage stage = new Stage(spec, folder, tokens, budgets);
      Replan replan =
          base ->
              replan(
                  request.limit(),
                  estimate,
                  budgets,
                  new Elapsed(base.seconds(), secondsSince(started)));
      Findings findings = new ExperimentRun(stage, estimate, progress).run(replan);
      return findings.write(stage, corpus.facts(tokens), secondsSince(started));
    } finally {
      folder.deleteWork();
      if (!Files.exists(folder.base())) {
        Folders.delete(folder.path());
      }
    }
  }

  /** Given budgets are kept; what follows from the time follows from the time that is left. */
  private static Budgets replan(
      ExperimentRequest.Limit limit, Estimate estimate, Budgets planned, Elapsed elapsed) {
    return limit.extraFlops().isPresent()
        ? planned
        : estimate.refilling(planned, elapsed.base(), limit.seconds() - elapsed.total());
  }

  /** Seconds that the base's training took, and all so far. */
  private record Elapsed(double base, double total) {}

  private static double secondsSince(long started) {
    return (System.nanoTime() - started) / 1e9;
  }

  private static Estimate estimate(ExperimentRequest request) {
    ExperimentRequest.Limit limit = request.limit();
    if (limit.budgets().isPresent()) {
      return Estimate.nominal(request.spec());
    }
    double seconds = Math.min(LONGEST_PROBE_SECONDS, PROBE_SHARE * limit.seconds());
    try (ProgressLine line = ProgressLine.start("coppice", 1, request.quiet())) {
      line.update(0, "measuring this machine's speed");
      return Estimate.measured(request.spec(), seconds);
    }
  }

  /**
   * The experiment as the time allows: with a smaller evaluation where that takes too much of it.
   *
   * @param passed seconds so far
   * @throws CoppiceException naming the least number of minutes, where the time is too short
   */
  private static ExperimentSpec fitted(
      ExperimentRequest request, Estimate measured, double passed) {
    ExperimentSpec spec = request.spec();
    ExperimentRequest.Limit limit = request.limit();
    if (limit.budgets().isPresent()) {
      return spec;
    }
    double needed = passed + measured.leastSeconds(spec);
    if (limit.seconds() < needed) {
      throw new CoppiceException(
          ErrorKind.REQUEST_INVALID,
          String.format(
              Locale.ROOT,
              "time must hold a step of each model and their evaluation, got %.1f minutes;"
                  + " on this machine --minutes %.1f is the least",
              limit.seconds() / 60,
              Math.ceil(MARGIN * needed / 6) / 10));
    }
    ExperimentSpec fitted = measured.fitted(spec, limit.seconds() - passed);
    if (!fitted.equals(spec)) {
      LOG.warn(
          "models are evaluated on {} held-out tokens instead of {}: the time allows no more",
          fitted.judging().tokens(),
          spec.judging().tokens());
    }
    return fitted;
  }

  private static Budgets budgets(ExperimentRequest request, Estimate estimate, double passed) {
    ExperimentRequest.Limit limit = request.limit();
    if (limit.budgets().isPresent()) {
      return limit.budgets().get();
    }
    Budgets filling = estimate.filling(limit.seconds() - passed, request.spec().baseShare());
    return new Budgets(
        limit.baseFlops().orElse(filling.baseFlops()),
        limit.extraFlops().orElse(filling.extraFlops()));
  }

  /** Decides the extra budget when the base is trained and evaluated. */
  @FunctionalInterface
  interface Replan {
    Budgets after(TrainResult base);
  }

  /**
   * Shared objects of all parts of a run.
   *
   * @param spec the recipe
   * @param folder that is written
   * @param tokens for training and for evaluation
   * @param budgets to spend
   */
  record Stage(
      ExperimentSpec spec, ExperimentFolder folder, Corpus.Tokens tokens, Budgets budgets) {}
}
