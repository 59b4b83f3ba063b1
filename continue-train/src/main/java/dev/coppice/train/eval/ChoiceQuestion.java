package dev.coppice.train.eval;

import static com.google.common.base.Preconditions.checkArgument;

import com.google.common.collect.ImmutableList;

/**
 * A text with continuations, one of which is right.
 *
 * @param context what comes before
 * @param choices continuations, at least two, none empty; a space that parts one from the context
 *     belongs to one of them
 * @param answer index of the right one
 */
public record ChoiceQuestion(String context, ImmutableList<String> choices, int answer) {
  /** Checks that there is something to choose, and that the answer is among it. */
  public ChoiceQuestion {
    checkArgument(choices.size() >= 2, "choices must be two or more, got %s", choices.size());
    checkArgument(
        choices.stream().noneMatch(String::isEmpty), "choices must not be empty, got %s", choices);
    checkArgument(
        answer >= 0 && answer < choices.size(),
        "answer must lie in 0..%s, got %s",
        choices.size() - 1,
        answer);
  }
}
