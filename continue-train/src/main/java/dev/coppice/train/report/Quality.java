package dev.coppice.train.report;

/** A number of each step that is drawn as a curve. */
enum Quality {
  LOSS("loss"),
  DISTILLATION("distillation"),
  LEARNING_RATE("learning_rate"),
  GRADIENT_NORM("gradient_norm"),
  TOKENS_PER_SECOND("tokens_per_second"),
  IMBALANCE("load_imbalance"),
  DEAD_EXPERTS("dead_experts");

  private final String field;

  Quality(String field) {
    this.field = field;
  }

  /** Its name in {@code metrics.jsonl}. */
  String field() {
    return field;
  }
}
