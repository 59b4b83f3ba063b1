package dev.coppice.moe.family;

import com.fasterxml.jackson.annotation.JsonProperty;
import dev.coppice.moe.anatomy.FamilyTraits;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * A family's JSON resource, as it is written.
 *
 * @param name name of the family
 * @param modelTypes values of {@code model_type} that mean it
 * @param nativeTypes those of them that transformers supports without code from a repository; null
 *     for none
 * @param growth its traits for growth
 * @param model its traits for the kernels; null where they do not run it
 */
record FamilyDescription(
    @JsonProperty(required = true) String name,
    @JsonProperty(required = true) List<String> modelTypes,
    @JsonProperty("native") @Nullable List<String> nativeTypes,
    @JsonProperty(required = true) FamilyTraits growth,
    @Nullable ModelTraits model) {}
