package dev.coppice.moe.kernel;

import com.google.common.base.Ascii;

/**
 * The numbers of one call, which are the fields of the kernels' record {@code Call}, in this order;
 * its text is made of them.
 */
enum CallField {
  /** Sequences B. */
  BATCH(Type.INTEGER),
  /** Tokens S of each. */
  SEQUENCE(Type.INTEGER),
  /** The precision of matrix products. */
  DTYPE(Type.INTEGER),
  /** Tokens whose logits are held at once. */
  HEAD_CHUNK(Type.INTEGER),
  /** Latent attention; otherwise it is grouped. */
  LATENT(Type.FLAG),
  /** Query heads H. */
  HEADS(Type.INTEGER),
  /** Grouped: G. */
  KEY_VALUE_HEADS(Type.INTEGER),
  /** Grouped: N. */
  HEAD_WIDTH(Type.INTEGER),
  /** Grouped: 0 none, 1 one for each head, 2 one over all. */
  HEAD_NORM(Type.INTEGER),
  /** Latent: width of the queries' latent vector; 0 for none. */
  QUERY_RANK(Type.INTEGER),
  /** Latent: that of keys and values. */
  KEY_VALUE_RANK(Type.INTEGER),
  /** Latent: part of a head without position. */
  PLAIN_WIDTH(Type.INTEGER),
  /** Latent: part of a head with position. */
  ROTARY_WIDTH(Type.INTEGER),
  /** Latent: M. */
  VALUE_WIDTH(Type.INTEGER),
  /** Rotary pairs are neighbours. */
  INTERLEAVED(Type.FLAG),
  /** Scores are sigmoids; otherwise a softmax. */
  SIGMOID_ROUTER(Type.FLAG),
  /** Weights of the chosen sum to one. */
  RENORMALIZE(Type.FLAG),
  /** Groups of experts. */
  GROUPS(Type.INTEGER),
  /** Groups that a token may choose from. */
  TOP_GROUPS(Type.INTEGER),
  /** A group's score is the sum of its two largest; otherwise its largest. */
  GROUP_SCORE_OF_TWO(Type.FLAG),
  /** The gate's kind (gate.py). */
  CLAMPED_GATE(Type.FLAG),
  /** The backward pass computes each layer anew. */
  RECOMPUTE(Type.FLAG),
  /** Gradients of matrices hold nothing yet and are overwritten. */
  OVERWRITE(Type.FLAG),
  /** Of norms. */
  NORM_EPSILON(Type.NUMBER),
  /** Of scores. */
  ATTENTION_SCALE(Type.NUMBER),
  /** Of latent vectors' norms. */
  LATENT_EPSILON(Type.NUMBER),
  /** Of routed experts' weights. */
  ROUTED_SCALING(Type.NUMBER),
  /** Of the clamped gate. */
  GATE_ALPHA(Type.NUMBER),
  /** Of the clamped gate. */
  GATE_LIMIT(Type.NUMBER),
  /** Of embeddings. */
  EMBEDDING_MULTIPLIER(Type.NUMBER),
  /** Of what a half of a layer adds to the residual stream. */
  RESIDUAL_MULTIPLIER(Type.NUMBER),
  /** Of logits. */
  LOGITS_DIVISOR(Type.NUMBER),
  /** Of the gradient of the sum of cross-entropies. */
  LOSS_SCALE(Type.NUMBER),
  /** Of the gradient of the sum of squared log-sum-exps. */
  Z_SCALE(Type.NUMBER);

  private final Type type;

  /** How a field is passed and read. */
  enum Type {
    /** A whole number. */
    INTEGER("int"),
    /** A whole number that is 1 or 0. */
    FLAG("bool"),
    /** A float64. */
    NUMBER("float");

    private final String text;

    Type(String text) {
      this.text = text;
    }

    /** The type's name in the kernels. */
    String text() {
      return text;
    }
  }

  CallField(Type type) {
    this.type = type;
  }

  Type type() {
    return type;
  }

  /** Whether it is passed among whole numbers. */
  boolean whole() {
    return type != Type.NUMBER;
  }

  /** The field's name in the kernels. */
  String field() {
    return Ascii.toLowerCase(name());
  }
}
