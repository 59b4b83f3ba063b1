package dev.coppice.train.data.reading;

import com.fasterxml.jackson.annotation.JsonProperty;
import java.util.Locale;

/** How data is written. */
public enum DataForm {
  /** As found out from names and first bytes. */
  @JsonProperty("auto")
  AUTO,
  /** Text: folders, files, and archives. */
  @JsonProperty("text")
  TEXT,
  /** A JSON object a line, with a text. */
  @JsonProperty("jsonl")
  JSONL,
  /** Parquet, with a column of texts. */
  @JsonProperty("parquet")
  PARQUET,
  /** Tokens of llm.c. */
  @JsonProperty("llmc")
  LLMC,
  /** Tokens of nanoGPT. */
  @JsonProperty("nanogpt")
  NANOGPT,
  /** Tokens of Megatron, with their index. */
  @JsonProperty("megatron")
  MEGATRON,
  /** A token file of ours. */
  @JsonProperty("tokens")
  TOKENS,
  /** A plain array of NumPy, of one dimension. */
  @JsonProperty("npy")
  NPY;

  /** Its name in sentences. */
  public String words() {
    return switch (this) {
      case AUTO -> "data";
      case TEXT -> "text";
      case JSONL -> "JSON lines";
      case PARQUET -> "Parquet";
      case LLMC -> "tokens of llm.c";
      case NANOGPT -> "tokens of nanoGPT";
      case MEGATRON -> "tokens of Megatron";
      case TOKENS -> "token files";
      case NPY -> "tokens of NumPy";
    };
  }

  /** Whether files of it are tokens already. */
  public boolean isTokens() {
    return switch (this) {
      case AUTO, TEXT, JSONL, PARQUET -> false;
      case LLMC, NANOGPT, MEGATRON, TOKENS, NPY -> true;
    };
  }

  /** Whether files of it are read where they lie, and so must not be packed. */
  public boolean isReadInPlace() {
    return this == PARQUET || isTokens();
  }

  /** The name that options give it. */
  public String option() {
    return name().toLowerCase(Locale.ROOT);
  }
}
