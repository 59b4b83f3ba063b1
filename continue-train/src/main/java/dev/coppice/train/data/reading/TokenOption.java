package dev.coppice.train.data.reading;

import dev.coppice.moe.CoppiceException;
import dev.coppice.moe.ErrorKind;
import dev.coppice.moe.text.Tokenizer;
import java.util.OptionalInt;

/** A token that an option names, by its id or by its text. */
final class TokenOption {
  private TokenOption() {}

  /**
   * The id that an option names. Digits are an id, whatever token is written so.
   *
   * @param name of the option, for messages
   * @param option as it was given
   * @param tokenizer of the checkpoint
   * @throws CoppiceException when there is no such token
   */
  static int id(String name, String option, Tokenizer tokenizer) {
    int vocabulary = tokenizer.vocabularySize();
    try {
      int id = Integer.parseInt(option);
      if (id >= 0 && id < vocabulary) {
        return id;
      }
    } catch (NumberFormatException e) {
      OptionalInt found = tokenizer.idOf(option);
      if (found.isPresent() && found.getAsInt() < vocabulary) {
        return found.getAsInt();
      }
    }
    throw new CoppiceException(
        ErrorKind.REQUEST_INVALID,
        name
            + " must be auto, none, an id in 0.."
            + (vocabulary - 1)
            + " or the text of a token of the tokenizer, got "
            + option);
  }
}
