package dev.coppice.moe.text;

import ai.djl.Model;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.types.Shape;
import ai.djl.translate.NoBatchifyTranslator;
import ai.djl.translate.TranslatorContext;
import com.google.common.primitives.Ints;
import com.google.common.primitives.Longs;
import java.util.Arrays;

/**
 * A prompt to the text that follows it, for DJL's {@code Predictor}.
 *
 * <p>Use it with a model that {@link #model} made.
 */
public final class TextTranslator implements NoBatchifyTranslator<String, String> {
  private static final String PROMPT = "prompt";

  private final Tokenizer tokenizer;

  /**
   * A translator.
   *
   * @param tokenizer of the checkpoint; the caller closes it
   */
  public TextTranslator(Tokenizer tokenizer) {
    this.tokenizer = tokenizer;
  }

  /**
   * A DJL model whose block continues a text.
   *
   * @param name any
   * @param generator of the continuation; its language model must stay open
   */
  public static Model model(String name, TextGenerator generator) {
    Model model = Model.newInstance(name, "PyTorch");
    model.setBlock(new GeneratorBlock(generator));
    return model;
  }

  @Override
  public NDList processInput(TranslatorContext context, String prompt) {
    int[] prompted = tokenizer.encode(prompt);
    context.setAttachment(PROMPT, prompted);
    long[] ids = Arrays.stream(prompted).asLongStream().toArray();
    return new NDList(context.getNDManager().create(ids, new Shape(1, ids.length)));
  }

  @Override
  public String processOutput(TranslatorContext context, NDList made) {
    int[] ids = Ints.toArray(Longs.asList(made.singletonOrThrow().toLongArray()));
    return tokenizer.decodeAfter((int[]) context.getAttachment(PROMPT), ids);
  }
}
