package dev.coppice.moe.text;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import ai.djl.Model;
import ai.djl.inference.Predictor;
import ai.djl.translate.TranslateException;
import com.google.common.collect.ImmutableList;
import com.google.common.collect.ImmutableSet;
import com.google.common.primitives.Ints;
import dev.coppice.moe.family.Family;
import dev.coppice.moe.model.LanguageModel;
import dev.coppice.moe.model.Precision;
import dev.coppice.moe.spec.GroupedAttention;
import dev.coppice.moe.spec.LayerSpec;
import dev.coppice.moe.spec.MoeSpec;
import dev.coppice.moe.spec.RouterSpec;
import dev.coppice.moe.testing.TinyTokenizers;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A model that speaks bytes, asked through DJL's Predictor. */
class TextTranslatorTest {
  private static final Sampling SAMPLING = new Sampling(1, 0, 1, 5, 10, ImmutableSet.of());

  @Test
  void aPredictorSaysWhatTheGeneratorSays() throws Exception {
    ByteTokenizer tokenizer = new ByteTokenizer();
    try (LanguageModel language = model();
        Model model = TextTranslator.model("tiny", new TextGenerator(language, SAMPLING));
        Predictor<String, String> predictor = model.newPredictor(new TextTranslator(tokenizer))) {
      TextGenerator generator = new TextGenerator(language, SAMPLING);
      int[] prompt = tokenizer.encode("abc");
      String expected =
          tokenizer.decodeAfter(prompt, generator.generate(prompt, id -> {}).ids().toArray());
      assertThat(predictor.predict("abc")).isEqualTo(expected).isNotEmpty();
      String other = predictor.predict("Grüße");
      assertThat(other).isNotEqualTo(expected);
      assertThat(predictor.batchPredict(List.of("abc", "Grüße"))).containsExactly(expected, other);
    }
  }

  @Test
  void whatDoesNotFitIsRefusedAndThePredictorGoesOn() throws Exception {
    try (LanguageModel language = model();
        Model model = TextTranslator.model("tiny", new TextGenerator(language, SAMPLING));
        Predictor<String, String> predictor =
            model.newPredictor(new TextTranslator(new ByteTokenizer()))) {
      String before = predictor.predict("abc");
      assertThatThrownBy(() -> predictor.predict(""))
          .isInstanceOf(TranslateException.class)
          .hasRootCauseMessage("prompt must hold a token, got none");
      assertThatThrownBy(() -> predictor.predict("a".repeat(65)))
          .isInstanceOf(TranslateException.class)
          .hasRootCauseMessage("prompt must be at most the model's 64 positions, got 65 tokens");
      assertThat(predictor.predict("abc")).isEqualTo(before);
    }
  }

  @Test
  void theBlankBehindThePromptStays(@TempDir Path folder) throws Exception {
    TinyTokenizers.sentencePiece(folder, "<s> $");
    try (Tokenizer tokenizer = Tokenizers.of(folder, TinyTokenizers.ADDED);
        LanguageModel language = model(TinyTokenizers.ADDED);
        Model model = TextTranslator.model("tiny", new TextGenerator(language, SAMPLING));
        Predictor<String, String> predictor = model.newPredictor(new TextTranslator(tokenizer))) {
      int[] prompt = tokenizer.encode("the");
      int[] made = new TextGenerator(language, SAMPLING).generate(prompt, id -> {}).ids().toArray();
      assertThat("the" + predictor.predict("the"))
          .isEqualTo(tokenizer.decode(Ints.concat(prompt, made)));
    }
  }

  private static LanguageModel model() {
    return model(256);
  }

  private static LanguageModel model(int vocabulary) {
    MoeSpec spec =
        new MoeSpec(
            "mixtral",
            vocabulary,
            16,
            GroupedAttention.plain(2, 1, 8, false, 10_000),
            new RouterSpec(true),
            ImmutableList.of(new LayerSpec.Moe(3, 2, 8), new LayerSpec.Moe(3, 2, 8)),
            1e-6,
            false,
            64);
    return LanguageModel.fresh(Family.named("mixtral").configFor(spec), 3, Precision.FLOAT32);
  }
}
