package dev.coppice.train.eval;

import dev.coppice.moe.CoppiceException;
import dev.coppice.moe.ErrorKind;
import dev.coppice.moe.spec.MoeSpec;
import dev.coppice.train.data.TrainingData;
import dev.coppice.train.data.token.TokenSequence;

/** Whether a model can read some data at all. */
public final class Compatibility {
  private Compatibility() {}

  /**
   * Checks that every id has an embedding and every place in a window a position.
   *
   * @throws CoppiceException naming what does not fit
   */
  public static void check(MoeSpec model, TokenSequence data, int sequence) {
    check(model, TrainingData.of(data), sequence);
  }

  /** As the other form does. */
  public static void check(MoeSpec model, TrainingData data, int sequence) {
    if (model.vocabularySize() < data.vocabularySize()) {
      throw new CoppiceException(
          ErrorKind.INPUT_INVALID,
          "vocabulary of the checkpoint must cover the data's ids 0.."
              + (data.vocabularySize() - 1)
              + ", got "
              + model.vocabularySize()
              + data.name());
    }
    if (model.maxPositions() < sequence) {
      throw new CoppiceException(
          ErrorKind.REQUEST_INVALID,
          "sequence must be at most the checkpoint's "
              + model.maxPositions()
              + " positions, got "
              + sequence);
    }
  }
}
