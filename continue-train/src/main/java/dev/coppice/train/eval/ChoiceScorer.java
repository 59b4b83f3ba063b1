package dev.coppice.train.eval;

import com.google.common.collect.ImmutableList;
import com.google.common.collect.Lists;
import dev.coppice.moe.CoppiceException;
import dev.coppice.moe.ErrorKind;
import dev.coppice.moe.model.LanguageModel;
import dev.coppice.moe.model.TokenBatch;
import dev.coppice.moe.model.TokenScores;
import dev.coppice.moe.text.Tokenizer;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.TreeMap;
import java.util.function.DoubleConsumer;
import java.util.function.Function;

/**
 * Judges a model by multiple-choice questions: it chooses the continuation that it holds likeliest.
 *
 * <p>The log-likelihood of a choice is the sum over its tokens: those that the context followed by
 * the choice has beyond what it shares with the context alone. Of equal choices the first is
 * chosen. A text longer than the model's positions loses its beginning. Only texts of one length
 * are scored together, so nothing is padded; deterministic.
 *
 * <p><b>Source</b>: the multiple-choice tasks of EleutherAI's lm-evaluation-harness. <b>Differs</b>
 * in that normalised likelihoods are divided by the choice's UTF-8 bytes, not by its characters.
 */
public final class ChoiceScorer {
  private final Function<TokenBatch, TokenScores> model;
  private final Tokenizer tokenizer;
  private final int positions;
  private final EvalSpec spec;

  /** Whatever scores batches of texts of so many tokens. */
  ChoiceScorer(
      Function<TokenBatch, TokenScores> model, Tokenizer tokenizer, int positions, EvalSpec spec) {
    this.model = model;
    this.tokenizer = tokenizer;
    this.positions = positions;
    this.spec = spec;
  }

  /**
   * A scorer of a model.
   *
   * @param model to evaluate
   * @param tokenizer the model's own
   * @param spec texts at once, and the bootstrap
   */
  public static ChoiceScorer of(LanguageModel model, Tokenizer tokenizer, EvalSpec spec) {
    return new ChoiceScorer(model::score, tokenizer, model.spec().maxPositions(), spec);
  }

  /** A choice after its context: where it stands, and its tokens from the first that counts. */
  private static final class Candidate {
    private final int question;
    private final int choice;
    private final int[] ids;
    private final int counted;

    Candidate(int question, int choice, int[] ids, int counted) {
      this.question = question;
      this.choice = choice;
      this.ids = ids;
      this.counted = counted;
    }
  }

  /**
   * Judges by one task.
   *
   * @param task the questions
   * @param progress receives the completed share, in (0, 1]
   * @throws CoppiceException when a choice has no token before it, or does not fit the model
   */
  public ChoiceReport score(ChoiceTask task, DoubleConsumer progress) {
    double[][] likelihoods = likelihoods(task.questions(), progress);
    double[] plain = new double[likelihoods.length];
    double[] normalized = new double[likelihoods.length];
    for (int q = 0; q < likelihoods.length; q++) {
      ChoiceQuestion question = task.questions().get(q);
      plain[q] = best(likelihoods[q]) == question.answer() ? 1 : 0;
      for (int c = 0; c < likelihoods[q].length; c++) {
        likelihoods[q][c] /= question.choices().get(c).getBytes(StandardCharsets.UTF_8).length;
      }
      normalized[q] = best(likelihoods[q]) == question.answer() ? 1 : 0;
    }
    double[] interval = interval(plain);
    double[] normalizedInterval = interval(normalized);
    return new ChoiceReport(
        task.name(),
        plain.length,
        Arrays.stream(plain).sum() / plain.length,
        interval[0],
        interval[1],
        Arrays.stream(normalized).sum() / plain.length,
        normalizedInterval[0],
        normalizedInterval[1]);
  }

  private double[] interval(double[] hits) {
    long[] ones = new long[hits.length];
    Arrays.fill(ones, 1);
    return new Bootstrap(hits, ones).interval(spec.resamples(), spec.seed());
  }

  private static int best(double[] values) {
    int best = 0;
    for (int i = 1; i < values.length; i++) {
      best = values[i] > values[best] ? i : best;
    }
    return best;
  }

  /** Log-likelihood of each choice of each question, nats. */
  private double[][] likelihoods(ImmutableList<ChoiceQuestion> questions, DoubleConsumer progress) {
    double[][] result = new double[questions.size()][];
    TreeMap<Integer, List<Candidate>> byLength = new TreeMap<>();
    int candidates = 0;
    for (int q = 0; q < result.length; q++) {
      ChoiceQuestion question = questions.get(q);
      result[q] = new double[question.choices().size()];
      for (int c = 0; c < result[q].length; c++) {
        Candidate candidate = candidate(question, q, c);
        byLength.computeIfAbsent(candidate.ids.length, length -> new ArrayList<>()).add(candidate);
        candidates++;
      }
    }
    int done = 0;
    for (List<Candidate> alike : byLength.values()) {
      for (List<Candidate> batch : Lists.partition(alike, spec.batch())) {
        score(batch, result);
        done += batch.size();
        progress.accept((double) done / candidates);
      }
    }
    return result;
  }

  private Candidate candidate(ChoiceQuestion question, int q, int c) {
    int[] alone = tokenizer.encode(question.context());
    int[] whole = tokenizer.encode(question.context() + question.choices().get(c));
    int mismatch = Arrays.mismatch(alone, whole);
    int shared = mismatch < 0 ? whole.length : mismatch;
    int counted = whole.length - shared;
    int kept = Math.min(whole.length, positions + 1);
    if (counted == 0 || counted >= kept) {
      throw new CoppiceException(
          ErrorKind.INPUT_INVALID,
          String.format(
              Locale.ROOT,
              "a choice must have tokens of its own after one of the context, "
                  + "and fit the model's %d positions, got %d of %d (question %d, choice %d)",
              positions,
              counted,
              whole.length,
              q + 1,
              c + 1));
    }
    return new Candidate(
        q, c, Arrays.copyOfRange(whole, whole.length - kept, whole.length), counted);
  }

  private void score(List<Candidate> batch, double[][] into) {
    int sequence = batch.get(0).ids.length - 1;
    int[] ids = new int[batch.size() * sequence];
    int[] labels = new int[ids.length];
    Arrays.fill(labels, TokenBatch.IGNORED);
    for (int b = 0; b < batch.size(); b++) {
      Candidate candidate = batch.get(b);
      int first = sequence - candidate.counted;
      System.arraycopy(candidate.ids, 0, ids, b * sequence, sequence);
      System.arraycopy(candidate.ids, first + 1, labels, b * sequence + first, candidate.counted);
    }
    float[] losses = model.apply(new TokenBatch(ids, labels, batch.size(), sequence)).losses();
    for (int i = 0; i < losses.length; i++) {
      if (labels[i] != TokenBatch.IGNORED) {
        Candidate candidate = batch.get(i / sequence);
        into[candidate.question][candidate.choice] -= losses[i];
      }
    }
  }
}
