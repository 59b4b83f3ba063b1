package dev.coppice.train.run;

import com.google.common.collect.ImmutableSortedMap;
import java.math.BigInteger;
import java.nio.file.Path;
import java.util.Optional;

/**
 * How a run ended.
 *
 * @param finished whether the budget is spent; if not, the run was stopped, and can be resumed
 * @param steps optimizer steps in all, those before a resume included
 * @param skippedSteps of those, steps without an update because the gradient was not finite
 * @param tokens trained on in all
 * @param extraFlops spent in all, 6·N_active a token
 * @param extraFlopsWithAttention the same and attention
 * @param seconds spent in steps in all
 * @param checkpoint the folder of the last step
 * @param lossCurve the file {@code metrics.jsonl}
 * @param averaged the folder of the running average as a model, where one is kept and the budget is
 *     spent
 * @param heldOut numbers of the last look at held-out text, as {@code loss}, and {@code loss/NAME}
 *     where there are several sources; none where there was no look
 */
public record TrainResult(
    boolean finished,
    long steps,
    long skippedSteps,
    long tokens,
    BigInteger extraFlops,
    BigInteger extraFlopsWithAttention,
    double seconds,
    Path checkpoint,
    Path lossCurve,
    Optional<Path> averaged,
    ImmutableSortedMap<String, Double> heldOut) {}
