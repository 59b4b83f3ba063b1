package dev.coppice.train.data.reading;

import com.google.common.collect.ImmutableList;
import com.google.common.collect.ImmutableSet;
import dev.coppice.moe.text.Tokenizer;
import java.io.IOException;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/**
 * Which token ends a document.
 *
 * @param text what is put behind each document of text, if anything
 * @param tokens what parts documents in files of tokens that do not say where they are, if anything
 * @param token the one of them, with its text and where it was found
 * @param notes on the choice, for the user
 */
public record DocumentEnd(
    OptionalInt text, OptionalInt tokens, Optional<EndToken> token, ImmutableList<String> notes) {
  /** Nothing ends documents. */
  public static final DocumentEnd NONE = new DocumentEnd(OptionalInt.empty(), OptionalInt.empty());

  /** Where a token is found that an option names. */
  static final String OPTION = "--document-end";

  /** Tokens that end a turn of a conversation, not a text. */
  private static final ImmutableSet<String> TURN_ENDS =
      ImmutableSet.of(
          "<|im_end|>",
          "<|eot_id|>",
          "<|eom_id|>",
          "<|eot|>",
          "<|eom|>",
          "<end_of_turn>",
          "<turn|>",
          "<|end|>",
          "<|end_of_turn|>",
          "<|END_OF_TURN_TOKEN|>",
          "<|turn_end|>",
          "<|return|>",
          "<|call|>",
          "<|user|>",
          "<|observation|>",
          "<|assistant|>",
          "<|role_end|>",
          "<|im_sep|>",
          "[/INST]");

  /** Tokens that end a text, the first that a tokenizer has. */
  private static final ImmutableList<String> TEXT_ENDS =
      ImmutableList.of(
          "<|endoftext|>",
          "<|end_of_text|>",
          "<｜end▁of▁sentence｜>",
          "<|END_OF_TEXT|>",
          "<|end_of_document|>",
          "<|endofdocument|>",
          "</s>",
          "<eos>",
          "[EOS]");

  /**
   * An end of which nothing more is known.
   *
   * @param text what is put behind each document of text, if anything
   * @param tokens what parts documents in files of tokens, if anything
   */
  public DocumentEnd(OptionalInt text, OptionalInt tokens) {
    this(text, tokens, token(text.isPresent() ? text : tokens), ImmutableList.of());
  }

  private static Optional<EndToken> token(OptionalInt id) {
    return id.isPresent()
        ? Optional.of(new EndToken(id.getAsInt(), null, OPTION))
        : Optional.empty();
  }

  /**
   * Reads {@code auto}, {@code none}, an id or a token's text.
   *
   * <p>Auto is the first token that config.json names as {@code eos_token_id}, else
   * generation_config.json, else tokenizer_config.json's {@code eos_token}. Where that token ends a
   * turn of a conversation, such as {@code <|im_end|>}, the first other one that these files name
   * takes its place, else the tokenizer's own end of a text, such as {@code <|endoftext|>}: makers
   * part documents with that. Nothing is put behind text that is read as bytes.
   *
   * @param option to read
   * @param checkpoint folder
   * @param tokenizer of the checkpoint
   * @throws dev.coppice.moe.CoppiceException when it is none of these, or a file names no id of the
   *     model
   */
  public static DocumentEnd of(String option, Path checkpoint, Tokenizer tokenizer)
      throws IOException {
    return switch (option) {
      case "none" -> NONE;
      case "auto" -> automatic(checkpoint, tokenizer);
      default -> named(TokenOption.id("document end", option, tokenizer), tokenizer);
    };
  }

  private static DocumentEnd named(int id, Tokenizer tokenizer) {
    OptionalInt end = OptionalInt.of(id);
    EndToken token = new EndToken(id, text(id, tokenizer), OPTION);
    return new DocumentEnd(end, end, Optional.of(token), ImmutableList.of());
  }

  /**
   * The end that a record names, as it was used then.
   *
   * @param recorded token of it, if any
   * @param tokenizer of the checkpoint
   */
  public static DocumentEnd of(Optional<EndToken> recorded, Tokenizer tokenizer) {
    if (recorded.isEmpty()) {
      return NONE;
    }
    EndToken token = recorded.get();
    return of(token, tokenizer, token.origin().equals(OPTION), ImmutableList.of());
  }

  private static DocumentEnd automatic(Path checkpoint, Tokenizer tokenizer) throws IOException {
    ImmutableList<EndCandidates.Candidate> candidates = EndCandidates.of(checkpoint, tokenizer);
    if (candidates.isEmpty()) {
      return NONE;
    }
    ImmutableList.Builder<String> notes = ImmutableList.builder();
    EndCandidates.Candidate first = candidates.get(0);
    EndToken token =
        isTurnEnd(first.id(), tokenizer)
            ? insteadOf(first, candidates, tokenizer, notes)
            : token(first, tokenizer);
    disagreement(candidates, tokenizer).ifPresent(notes::add);
    return of(token, tokenizer, false, notes.build());
  }

  private static DocumentEnd of(
      EndToken token, Tokenizer tokenizer, boolean given, ImmutableList<String> notes) {
    OptionalInt end = OptionalInt.of(token.id());
    boolean bytes = tokenizer.name().equals("byte") && !given;
    return new DocumentEnd(
        bytes ? OptionalInt.empty() : end,
        end,
        Optional.of(token),
        bytes ? ImmutableList.of() : notes);
  }

  private static EndToken insteadOf(
      EndCandidates.Candidate turn,
      ImmutableList<EndCandidates.Candidate> candidates,
      Tokenizer tokenizer,
      ImmutableList.Builder<String> notes) {
    Optional<EndToken> other =
        candidates.stream()
            .filter(candidate -> !isTurnEnd(candidate.id(), tokenizer))
            .findFirst()
            .map(candidate -> token(candidate, tokenizer))
            .or(() -> textEnd(tokenizer));
    String named = shown(turn.id(), tokenizer) + " (" + turn.file() + ") ends turns";
    notes.add(
        other
            .map(token -> named + ": " + shown(token.id(), tokenizer) + " ends documents instead")
            .orElse(named + ", and ends documents too: the tokenizer has no end of a text"));
    return other.orElseGet(() -> token(turn, tokenizer));
  }

  private static Optional<EndToken> textEnd(Tokenizer tokenizer) {
    for (String text : TEXT_ENDS) {
      OptionalInt id = tokenizer.idOf(text);
      if (id.isPresent() && id.getAsInt() < tokenizer.vocabularySize()) {
        return Optional.of(new EndToken(id.getAsInt(), text, "tokenizer.json"));
      }
    }
    return Optional.empty();
  }

  /** What the files say where the first that each names is not the same. */
  private static Optional<String> disagreement(
      ImmutableList<EndCandidates.Candidate> candidates, Tokenizer tokenizer) {
    ImmutableList<EndCandidates.Candidate> firsts =
        ImmutableList.copyOf(
            candidates.stream()
                .collect(
                    Collectors.toMap(
                        EndCandidates.Candidate::file,
                        candidate -> candidate,
                        (one, other) -> one,
                        LinkedHashMap::new))
                .values());
    if (firsts.stream().map(EndCandidates.Candidate::id).distinct().count() < 2) {
      return Optional.empty();
    }
    return Optional.of(
        "the checkpoint's files name different ends of a text: "
            + String.join(
                ", ",
                firsts.stream()
                    .map(each -> shown(each.id(), tokenizer) + " in " + each.file())
                    .toList()));
  }

  private static EndToken token(EndCandidates.Candidate candidate, Tokenizer tokenizer) {
    return new EndToken(candidate.id(), text(candidate.id(), tokenizer), candidate.file());
  }

  private static boolean isTurnEnd(int id, Tokenizer tokenizer) {
    String text = text(id, tokenizer);
    return text != null && TURN_ENDS.contains(text);
  }

  private static String shown(int id, Tokenizer tokenizer) {
    String text = text(id, tokenizer);
    return text == null ? Integer.toString(id) : text + " " + id;
  }

  private static @Nullable String text(int id, Tokenizer tokenizer) {
    return tokenizer.name().equals("json") && id < tokenizer.vocabularySize()
        ? tokenizer.tokenText(id)
        : null;
  }
}
