package dev.coppice.moe.train;

import static com.google.common.base.Preconditions.checkArgument;

import dev.coppice.moe.backend.TeacherOutput;
import dev.coppice.moe.model.LanguageModel;

/**
 * A teacher whose distribution over tokens a student is drawn to.
 *
 * <p>The loss grows by weight · t² · KL(p^(1/t) ‖ q^(1/t)) per counted token, where p is the
 * teacher's distribution, q the student's, and powers are renormalised.
 *
 * <p><b>Source</b>: Hinton, Vinyals and Dean 2015, arXiv 1503.02531, section 2; as a start from an
 * older model, Schmitt et al. 2018, arXiv 1803.03835. <b>Differs</b> where {@code top} is not 0:
 * the teacher's distribution is that over its likeliest tokens alone, the student's stays whole.
 *
 * @param teacher of the student's vocabulary; its family, shape and precision may be others
 * @param temperature t, positive
 * @param weight beside cross-entropy's 1, not negative; at 0 the teacher does not run
 * @param top how many of the teacher's likeliest tokens count; 0 for all
 */
public record Distillation(LanguageModel teacher, double temperature, double weight, int top) {
  /** Checks the numbers. */
  public Distillation {
    checkArgument(
        temperature > 0 && Double.isFinite(temperature),
        "temperature must be finite and positive, got %s",
        temperature);
    checkArgument(
        weight >= 0 && Double.isFinite(weight),
        "weight of distillation must be finite and not negative, got %s",
        weight);
    int vocabulary = teacher.spec().vocabularySize();
    checkArgument(
        top >= 0 && top <= vocabulary,
        "top must lie in 0..%s (the vocabulary), got %s",
        vocabulary,
        top);
  }

  /** Refuses a student with another vocabulary. */
  void checkStudent(LanguageModel student) {
    checkArgument(
        teacher.spec().vocabularySize() == student.spec().vocabularySize(),
        "teacher must have the student's vocabulary of %s tokens, got %s (%s student, %s teacher)",
        student.spec().vocabularySize(),
        teacher.spec().vocabularySize(),
        student.spec().family(),
        teacher.spec().family());
  }

  TeacherOutput.Strength strength() {
    return new TeacherOutput.Strength(temperature, weight, top);
  }
}
