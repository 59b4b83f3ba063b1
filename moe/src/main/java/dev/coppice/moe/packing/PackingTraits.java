package dev.coppice.moe.packing;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.json.JsonMapper;
import com.fasterxml.jackson.datatype.guava.GuavaModule;
import com.google.common.base.Supplier;
import com.google.common.base.Suppliers;
import com.google.common.collect.ImmutableList;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.util.Objects;

/**
 * Names of tensors beside weights, in any family: the resource {@code packing.json}.
 *
 * @param buffers last parts of names of tensors that a reader makes again; no parameters
 * @param states last parts of names of what a serving program or trainer keeps; no parameters
 * @param always endings that only the companions of a packed weight have
 * @param beside endings that they have too, and others may: companions where the weight is there
 * @param besideWords parts of names that no weight and no bias has
 * @param expertWidth keys of an expert's inner width; the first that is there
 * @param modelWidth keys of the width that experts see, where it is not the model's
 * @param schemeKeys keys of the bits of a number
 * @param groupKeys keys of how many numbers share a scale
 * @param notWeights keys of objects that do not describe weights
 * @param forms ways to pack, the first that fits decides
 */
public record PackingTraits(
    ImmutableList<String> buffers,
    ImmutableList<String> states,
    ImmutableList<String> always,
    ImmutableList<String> beside,
    ImmutableList<String> besideWords,
    ImmutableList<String> expertWidth,
    ImmutableList<String> modelWidth,
    ImmutableList<String> schemeKeys,
    ImmutableList<String> groupKeys,
    ImmutableList<String> notWeights,
    ImmutableList<PackedForm> forms) {

  private static final String RESOURCE = "packing.json";

  private static final Supplier<PackingTraits> BUILT_IN = Suppliers.memoize(PackingTraits::read);

  /** The resource. */
  public static PackingTraits builtIn() {
    return BUILT_IN.get();
  }

  private static PackingTraits read() {
    ObjectMapper mapper = JsonMapper.builder().addModule(new GuavaModule()).build();
    try (InputStream in =
        Objects.requireNonNull(PackingTraits.class.getResourceAsStream(RESOURCE))) {
      return mapper.readValue(in, PackingTraits.class);
    } catch (IOException e) {
      throw new UncheckedIOException("resource must be readable: " + RESOURCE, e);
    }
  }
}
