package dev.coppice.moe.family;

import com.fasterxml.jackson.annotation.JsonProperty;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import com.google.common.collect.ImmutableList;
import com.google.common.collect.ImmutableMap;
import dev.coppice.moe.anatomy.RouterTraits.Condition;
import dev.coppice.moe.spec.GroupedAttention.HeadNorm;
import java.util.List;
import java.util.Map;

/**
 * The traits of a family for the kernels: the {@code model} object of its JSON file.
 *
 * <p>It adds to what the {@code growth} object says: layer count, expert count, which layers hold
 * experts, how the router chooses, per-layer lists, and how fused experts lie are read from there.
 * A router has a bias, or a bias for selection, where {@code tensors} has one.
 *
 * <p>A <em>flag</em> is {@code always}, {@code never} (or nothing), or the key that says it.
 *
 * @param architecture the class that {@code transformers} loads
 * @param attention attention of every layer
 * @param feedForward widths and gates of experts and dense layers
 * @param window which layers see how far; at most one description, none where all see everything
 * @param multipliers keys of constant factors; at most one description
 * @param loadBalance key of the weight of the load-balancing loss; empty where there is none
 * @param defaults values of keys that a configuration leaves out
 * @param fresh what a new configuration holds beside its shape
 * @param runsOnlyWith values outside which the kernels do not run the model
 * @param tensors name of each role's tensor, with {@code {layer}} and {@code {expert}}
 */
record ModelTraits(
    @JsonProperty(required = true) String architecture,
    @JsonProperty(required = true) Attention attention,
    @JsonProperty(required = true) FeedForward feedForward,
    ImmutableList<Window> window,
    ImmutableList<MultiplierKeys> multipliers,
    String loadBalance,
    ImmutableMap<String, JsonNode> defaults,
    ObjectNode fresh,
    List<Requirement> runsOnlyWith,
    Map<TensorRole, String> tensors) {

  /** What attention there is. */
  enum Kind {
    /**
     * Grouped queries: {@code num_attention_heads}, {@code num_key_value_heads}, {@code head_dim}.
     */
    GROUPED,
    /**
     * Latent: {@code q_lora_rank}, {@code kv_lora_rank}, {@code qk_nope_head_dim}, {@code
     * qk_rope_head_dim}, {@code v_head_dim}.
     */
    LATENT
  }

  /**
   * Attention.
   *
   * @param kind which one
   * @param headNorm norm of queries and keys
   * @param headNormIf flag whether that norm is there; empty for always
   * @param inputBias flag whether projections of the input have biases
   * @param outputBias flag whether the output projection has one
   * @param sinks flag whether heads have sinks
   * @param interleaved flag whether neighbouring elements turn together
   * @param partialRotary key of the share of a head that turns; empty where all of it does
   * @param scale key of the factor on the product of query and key; empty for one over the root of
   *     the head's width
   */
  record Attention(
      @JsonProperty(required = true) Kind kind,
      @JsonProperty(required = true) HeadNorm headNorm,
      String headNormIf,
      String inputBias,
      String outputBias,
      String sinks,
      String interleaved,
      String partialRotary,
      String scale) {}

  /**
   * The feed-forward half.
   *
   * @param expertWidth names of the inner width of an expert
   * @param denseWidth names of the inner width of a dense layer; empty where there is none
   * @param sharedWidth key of the inner width of the shared expert; empty for none
   * @param sharedCount key of the number of shared experts, each as wide as a routed one; empty for
   *     none
   * @param sharedGate flag whether a gate of its own scales the shared expert
   * @param gate the clamped gate; at most one, none for silu
   */
  record FeedForward(
      ImmutableList<String> expertWidth,
      ImmutableList<String> denseWidth,
      String sharedWidth,
      String sharedCount,
      String sharedGate,
      ImmutableList<Gate> gate) {}

  /**
   * A clamped gate, see {@link dev.coppice.moe.spec.GateSpec}.
   *
   * @param alpha steepness of its sigmoid
   * @param limit where it cuts
   * @param bias whether experts' projections have biases
   */
  record Gate(double alpha, double limit, boolean bias) {}

  /**
   * Attention windows.
   *
   * @param width key of the width; null in a configuration means no window
   * @param types key of the per-layer list whose {@code sliding_attention} entries have the window;
   *     empty where all layers have it
   * @param when where there is a window; at most one condition
   */
  record Window(String width, String types, ImmutableList<Condition> when) {}

  /**
   * Keys of constant factors.
   *
   * @param embedding of embedded tokens
   * @param residual of what each half of a layer adds
   * @param logits of what logits are divided by
   */
  record MultiplierKeys(String embedding, String residual, String logits) {}

  /**
   * A key and the values that the kernels can run; an absent key is always fine.
   *
   * @param key path of the key, dots between its parts
   * @param values what it may hold
   */
  record Requirement(String key, List<JsonNode> values) {}
}
