package dev.coppice.moe.family;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import com.google.common.collect.ImmutableList;
import dev.coppice.moe.spec.GateSpec;
import dev.coppice.moe.spec.GroupedAttention;
import dev.coppice.moe.spec.GroupedAttention.HeadNorm;
import dev.coppice.moe.spec.LatentAttention;
import dev.coppice.moe.spec.LayerSpec;
import dev.coppice.moe.spec.MoeSpec;
import dev.coppice.moe.spec.Multipliers;
import dev.coppice.moe.spec.RopeScaling;
import dev.coppice.moe.spec.RouterSpec;
import dev.coppice.moe.spec.RouterSpec.GroupScore;
import dev.coppice.moe.spec.RouterSpec.Scoring;
import java.io.IOException;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Reads what configurations on the Hub say of their shapes; parameter counts are the Hub's. */
class PublishedConfigsTest {
  private static final String MIXTRAL =
      "{'model_type':'mixtral','hidden_act':'silu','hidden_size':4096,'intermediate_size':14336,"
          + "'max_position_embeddings':32768,'num_attention_heads':32,'num_experts_per_tok':2,"
          + "'num_hidden_layers':32,'num_key_value_heads':8,'num_local_experts':8,"
          + "'output_router_logits':false,'rms_norm_eps':1e-05,'rope_theta':1000000.0,"
          + "'sliding_window':null,'tie_word_embeddings':false,'vocab_size':32000}";

  private static final String QWEN2 =
      "{'model_type':'qwen2_moe','decoder_sparse_step':1,'hidden_act':'silu','hidden_size':2048,"
          + "'intermediate_size':5632,'max_position_embeddings':8192,'max_window_layers':21,"
          + "'moe_intermediate_size':1408,'norm_topk_prob':false,'num_attention_heads':16,"
          + "'num_experts':60,'num_experts_per_tok':4,'num_hidden_layers':24,"
          + "'num_key_value_heads':16,'rms_norm_eps':1e-06,'rope_theta':1000000.0,"
          + "'shared_expert_intermediate_size':5632,'sliding_window':32768,"
          + "'tie_word_embeddings':false,'use_sliding_window':false,'vocab_size':151936}";

  private static final String QWEN3 =
      "{'model_type':'qwen3_moe','attention_bias':false,'decoder_sparse_step':1,'head_dim':128,"
          + "'hidden_act':'silu','hidden_size':2048,'intermediate_size':6144,"
          + "'max_position_embeddings':40960,'max_window_layers':48,'mlp_only_layers':[],"
          + "'moe_intermediate_size':768,'norm_topk_prob':true,'num_attention_heads':32,"
          + "'num_experts':128,'num_experts_per_tok':8,'num_hidden_layers':48,"
          + "'num_key_value_heads':4,'rms_norm_eps':1e-06,'rope_scaling':null,"
          + "'rope_theta':1000000.0,'sliding_window':null,'tie_word_embeddings':false,"
          + "'use_sliding_window':false,'vocab_size':151936}";

  private static final String OLMOE =
      "{'model_type':'olmoe','attention_bias':false,'clip_qkv':null,'hidden_act':'silu',"
          + "'hidden_size':2048,'intermediate_size':1024,'max_position_embeddings':4096,"
          + "'norm_topk_prob':false,'num_attention_heads':16,'num_experts':64,"
          + "'num_experts_per_tok':8,'num_hidden_layers':16,'num_key_value_heads':16,"
          + "'rms_norm_eps':1e-05,'rope_scaling':null,'rope_theta':10000.0,"
          + "'tie_word_embeddings':false,'vocab_size':50304}";

  private static final String DEEPSEEK_V2_LITE =
      "{'model_type':'deepseek_v2','attention_bias':false,'aux_loss_alpha':0.001,"
          + "'first_k_dense_replace':1,'hidden_act':'silu','hidden_size':2048,"
          + "'intermediate_size':10944,'kv_lora_rank':512,'max_position_embeddings':163840,"
          + "'moe_intermediate_size':1408,'moe_layer_freq':1,'n_group':1,'n_routed_experts':64,"
          + "'n_shared_experts':2,'norm_topk_prob':false,'num_attention_heads':16,"
          + "'num_experts_per_tok':6,'num_hidden_layers':27,'num_key_value_heads':16,"
          + "'q_lora_rank':null,'qk_nope_head_dim':128,'qk_rope_head_dim':64,"
          + "'rms_norm_eps':1e-06,'rope_scaling':{'beta_fast':32,'beta_slow':1,'factor':40,"
          + "'mscale':0.707,'mscale_all_dim':0.707,'original_max_position_embeddings':4096,"
          + "'type':'yarn'},'rope_theta':10000,'routed_scaling_factor':1.0,"
          + "'scoring_func':'softmax','seq_aux':true,'tie_word_embeddings':false,"
          + "'topk_group':1,'topk_method':'greedy','v_head_dim':128,'vocab_size':102400}";

  private static final String DEEPSEEK_V3 =
      "{'model_type':'deepseek_v3','attention_bias':false,'ep_size':1,'first_k_dense_replace':3,"
          + "'hidden_act':'silu','hidden_size':7168,'intermediate_size':18432,"
          + "'kv_lora_rank':512,'max_position_embeddings':163840,'moe_intermediate_size':2048,"
          + "'moe_layer_freq':1,'n_group':8,'n_routed_experts':256,'n_shared_experts':1,"
          + "'norm_topk_prob':true,'num_attention_heads':128,'num_experts_per_tok':8,"
          + "'num_hidden_layers':61,'num_key_value_heads':128,'num_nextn_predict_layers':1,"
          + "'q_lora_rank':1536,'qk_nope_head_dim':128,'qk_rope_head_dim':64,"
          + "'rms_norm_eps':1e-06,'rope_scaling':{'beta_fast':32,'beta_slow':1,'factor':40,"
          + "'mscale':1.0,'mscale_all_dim':1.0,'original_max_position_embeddings':4096,"
          + "'type':'yarn'},'rope_theta':10000,'routed_scaling_factor':2.5,"
          + "'scoring_func':'sigmoid','tie_word_embeddings':false,'topk_group':4,"
          + "'topk_method':'noaux_tc','v_head_dim':128,'vocab_size':129280}";

  private static final String GLM4_AIR =
      "{'model_type':'glm4_moe','attention_bias':true,'first_k_dense_replace':1,'head_dim':128,"
          + "'hidden_act':'silu','hidden_size':4096,'intermediate_size':10944,"
          + "'max_position_embeddings':131072,'moe_intermediate_size':1408,'n_group':1,"
          + "'n_routed_experts':128,'n_shared_experts':1,'norm_topk_prob':true,"
          + "'num_attention_heads':96,'num_experts_per_tok':8,'num_hidden_layers':46,"
          + "'num_key_value_heads':8,'num_nextn_predict_layers':1,'partial_rotary_factor':0.5,"
          + "'rms_norm_eps':1e-05,'rope_scaling':null,'rope_theta':1000000,"
          + "'routed_scaling_factor':1.0,'tie_word_embeddings':false,'topk_group':1,"
          + "'use_qk_norm':false,'vocab_size':151552}";

  private static final String GPT_OSS =
      "{'model_type':'gpt_oss','attention_bias':true,'experts_per_token':4,'head_dim':64,"
          + "'hidden_act':'silu','hidden_size':2880,'initial_context_length':4096,"
          + "'intermediate_size':2880,'layer_types':['sliding_attention','full_attention',"
          + "'sliding_attention','full_attention','sliding_attention','full_attention',"
          + "'sliding_attention','full_attention','sliding_attention','full_attention',"
          + "'sliding_attention','full_attention','sliding_attention','full_attention',"
          + "'sliding_attention','full_attention','sliding_attention','full_attention',"
          + "'sliding_attention','full_attention','sliding_attention','full_attention',"
          + "'sliding_attention','full_attention'],'max_position_embeddings':131072,"
          + "'num_attention_heads':64,'num_experts_per_tok':4,'num_hidden_layers':24,"
          + "'num_key_value_heads':8,'num_local_experts':32,'rms_norm_eps':1e-05,"
          + "'rope_scaling':{'beta_fast':32.0,'beta_slow':1.0,'factor':32.0,"
          + "'original_max_position_embeddings':4096,'rope_type':'yarn','truncate':false},"
          + "'rope_theta':150000,'sliding_window':128,'swiglu_limit':7.0,"
          + "'tie_word_embeddings':false,'vocab_size':201088}";

  private static final String GRANITE =
      "{'model_type':'granitemoe','attention_bias':false,'attention_multiplier':0.015625,"
          + "'embedding_multiplier':12.0,'hidden_act':'silu','hidden_size':1024,"
          + "'intermediate_size':512,'logits_scaling':6.0,'max_position_embeddings':4096,"
          + "'num_attention_heads':16,'num_experts_per_tok':8,'num_hidden_layers':24,"
          + "'num_key_value_heads':8,'num_local_experts':32,'residual_multiplier':0.22,"
          + "'rms_norm_eps':1e-06,'rope_scaling':null,'rope_theta':10000,"
          + "'tie_word_embeddings':true,'vocab_size':49155}";

  @Test
  void mixtral() {
    MoeSpec spec = spec(MIXTRAL);
    assertThat(spec.parameterCount()).isEqualTo(46_702_792_704L);
    assertThat(spec.router()).isEqualTo(new RouterSpec(true));
    assertThat(spec.windows()).isEmpty();
  }

  @Test
  void qwen2() {
    MoeSpec spec = spec(QWEN2);
    assertThat(spec.parameterCount()).isEqualTo(14_315_784_192L);
    assertThat(spec.firstMoe()).contains(new LayerSpec.Moe(60, 4, 1408, 5632, true));
    GroupedAttention attention = (GroupedAttention) spec.attention();
    assertThat(attention.inputBias()).isTrue();
    assertThat(attention.outputBias()).isFalse();
    assertThat(spec.windows()).isEmpty();
  }

  @Test
  void qwen2LayersSlideByTurns() {
    String slides = QWEN2.replace("'use_sliding_window':false", "'use_sliding_window':true");
    // a window as wide as the longest sequence masks nothing
    assertThat(spec(slides).windows()).isEmpty();
    MoeSpec spec = spec(slides.replace("'sliding_window':32768", "'sliding_window':100"));
    assertThat(spec.windows().subList(0, 4)).containsExactly(100, 0, 100, 0);
    assertThat(spec.windows().subList(18, 24)).containsExactly(100, 0, 100, 0, 0, 0);
  }

  @Test
  void qwen3() {
    MoeSpec spec = spec(QWEN3);
    assertThat(spec.parameterCount()).isEqualTo(30_532_122_624L);
    assertThat(((GroupedAttention) spec.attention()).headNorm()).isEqualTo(HeadNorm.PER_HEAD);
    assertThat(spec.router().renormalize()).isTrue();
  }

  @Test
  void olmoe() {
    MoeSpec spec = spec(OLMOE);
    assertThat(spec.parameterCount()).isEqualTo(6_919_161_856L);
    assertThat(((GroupedAttention) spec.attention()).queryNormWidth()).isEqualTo(2048);
    assertThat(spec.router().renormalize()).isFalse();
  }

  @Test
  void deepseekV2Lite() {
    MoeSpec spec = spec(DEEPSEEK_V2_LITE);
    assertThat(spec.parameterCount()).isEqualTo(15_706_484_224L);
    LatentAttention attention = (LatentAttention) spec.attention();
    assertThat(attention.queryRank()).isZero();
    assertThat(attention.rope().interleaved()).isTrue();
    assertThat(attention.rope().magnitude()).isEqualTo(1);
    double mscale = 0.1 * 0.707 * Math.log(40) + 1;
    assertThat(attention.scale()).isCloseTo(mscale * mscale / Math.sqrt(192), within(1e-15));
    assertThat(spec.layers().get(0)).isEqualTo(new LayerSpec.Dense(10_944));
    assertThat(spec.layers().get(1)).isEqualTo(new LayerSpec.Moe(64, 6, 1408, 2816, false));
  }

  @Test
  void deepseekV3() {
    MoeSpec spec = spec(DEEPSEEK_V3);
    // the main model; its selection biases are buffers
    assertThat(spec.parameterCount()).isEqualTo(671_026_404_352L);
    assertThat(spec.router())
        .isEqualTo(
            new RouterSpec(Scoring.SIGMOID, true, false, true, 8, 4, GroupScore.TOP_TWO_SUM, 2.5));
    double mscale = 0.1 * Math.log(40) + 1;
    assertThat(spec.attention().scale()).isCloseTo(mscale * mscale / Math.sqrt(192), within(1e-15));
    assertThat(spec.layers().subList(0, 3)).containsOnly(new LayerSpec.Dense(18_432));
  }

  @Test
  void glm4Air() {
    MoeSpec spec = spec(GLM4_AIR);
    assertThat(spec.parameterCount() / 1e9).isCloseTo(106.85, within(0.01));
    assertThat(spec.attention().rope().width()).isEqualTo(64);
    assertThat(((GroupedAttention) spec.attention()).headNorm()).isEqualTo(HeadNorm.NONE);
    assertThat(spec.router().groups()).isEqualTo(1);
    assertThat(spec.router().selectionBias()).isTrue();
  }

  @Test
  void gptOss() {
    MoeSpec spec = spec(GPT_OSS);
    assertThat(spec.parameterCount()).isEqualTo(20_914_757_184L);
    assertThat(spec.activeParameterCount() / 1e9).isCloseTo(3.61, within(0.01));
    assertThat(spec.gate()).isEqualTo(new GateSpec(true, 1.702, 7.0, true));
    assertThat(spec.windows().subList(0, 2)).containsExactly(128, 0);
    assertThat(spec.router().scoring()).isEqualTo(Scoring.CHOSEN_SOFTMAX);
    RopeScaling.Yarn yarn = (RopeScaling.Yarn) spec.attention().rope().scaling();
    assertThat(yarn.truncate()).isFalse();
    assertThat(yarn.attentionFactor()).isCloseTo(1.3465735902799727, within(1e-12));
  }

  @Test
  void granite() {
    MoeSpec spec = spec(GRANITE);
    assertThat(spec.parameterCount()).isEqualTo(1_334_628_352L);
    assertThat(spec.multipliers()).isEqualTo(new Multipliers(12, 0.22, 6));
    assertThat(spec.attention().scale()).isEqualTo(0.015625);
  }

  @Test
  void eachCanBeWrittenAgain() {
    for (String json :
        ImmutableList.of(
            MIXTRAL,
            QWEN2,
            QWEN3,
            OLMOE,
            DEEPSEEK_V2_LITE,
            DEEPSEEK_V3,
            GLM4_AIR,
            GPT_OSS,
            GRANITE)) {
      MoeSpec spec = spec(json);
      Family family = Family.named(spec.family());
      assertThat(family.spec(family.configFor(spec))).isEqualTo(spec);
    }
  }

  @Test
  void oldAndNewRopeKeysMeanTheSame() {
    MoeSpec old = spec(DEEPSEEK_V3);
    String parameters =
        DEEPSEEK_V3
            .replace("'rope_scaling'", "'rope_parameters'")
            .replace("'type':'yarn'}", "'rope_type':'yarn','rope_theta':10000.0}")
            .replace("'rope_theta':10000,", "");
    assertThat(spec(parameters)).isEqualTo(old);
  }

  @Test
  void anAbsentGptOssRopeIsItsYarn() {
    ObjectNode config = parse(GPT_OSS);
    config.remove("rope_scaling");
    config.remove("rope_theta");
    assertThat(Family.of(config).spec(config)).isEqualTo(spec(GPT_OSS));
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '`',
      value = {
        "olmoe | 'clip_qkv':8.0 | olmoe runs only with clip_qkv in [null], got 8.0",
        "flex_olmo | 'x':1 | olmoe runs only with model_type in [\"olmoe\"], got",
        "granitemoehybrid | 'x':1 | granitemoe runs only with model_type in [\"granitemoe\"], got",
        "deepseek_v2 | 'norm_topk_prob':true | with norm_topk_prob in [false, null], got true",
        "deepseek_v2 | 'moe_layer_freq':2 | with moe_layer_freq in [1], got 2",
        "deepseek_v2 | 'mlp_bias':true | with mlp_bias in [false], got true",
        "deepseek_v2 | 'topk_method':'other' | with topk_method in",
        "deepseek_v3 | 'scoring_func':'softmax' | with scoring_func in [\"sigmoid\"], got",
        "gpt_oss | 'quantization_config':{'quant_method':'mxfp4'} | weights as plain floats, got",
        "gpt_oss | 'swiglu_limit':9.0 | with swiglu_limit in [7.0], got 9.0",
        "gpt_oss | 'layer_types':['chunked_attention'] | got chunked_attention",
        "gpt_oss | 'sliding_window':null,'layer_types':['sliding_attention'] | got none",
        "qwen2_moe | 'layer_types':['sliding_attention'] | with sliding_window where layer_types",
        "mixtral | 'rope_scaling':{'type':'longrope'} | got longrope",
        "mixtral | 'partial_rotary_factor':0.5 | with whole rotary heads, got 0.5",
        "mixtral | 'rope_parameters':{'full_attention':{'rope_theta':1.0}} | one kind of rotary",
        "mixtral | 'text_config':{'num_hidden_layers':2} | language model at the top",
        "dbrx | 'x':1 | family must be one that the kernels run, got dbrx",
      })
  void whatTheKernelsCannotRunIsNamed(String family, String entries, String message) {
    ObjectNode config = parse("{'model_type':'" + family + "'," + entries + "}");
    assertThat(Family.of(config).refusalToRun(config)).get().asString().contains(message.trim());
  }

  private static MoeSpec spec(String json) {
    ObjectNode config = parse(json);
    assertThat(Family.of(config).refusalToRun(config)).isEmpty();
    return Family.of(config).spec(config);
  }

  private static ObjectNode parse(String json) {
    try {
      return (ObjectNode) new ObjectMapper().readTree(json.replace('\'', '"'));
    } catch (IOException e) {
      throw new IllegalStateException("test JSON must parse: " + json, e);
    }
  }
}
