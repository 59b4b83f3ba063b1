package dev.coppice.train.data.reading;

/**
 * Rules of the files that are read and refused.
 *
 * @param judging whether a folder with training files and evaluation files is for evaluation
 * @param strict whether data is refused of which something would be left out, hidden files aside
 * @param vocabulary of the model that reads it; 0 if that is not known
 */
public record DataRules(boolean judging, boolean strict, int vocabulary) {
  /** For training, with what is not data left out, and a vocabulary that is not known. */
  public static final DataRules TRAINING = new DataRules(false, false, 0);

  private static final int MOST_IN_TWO_BYTES = 1 << 16;

  /** Whether two bytes hold every token. */
  public boolean fitsTwoBytes() {
    return vocabulary <= MOST_IN_TWO_BYTES;
  }
}
