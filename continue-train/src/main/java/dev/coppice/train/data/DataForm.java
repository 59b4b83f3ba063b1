package dev.coppice.train.data;

import com.fasterxml.jackson.annotation.JsonProperty;

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
  TOKENS
}
