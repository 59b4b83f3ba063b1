package dev.coppice.moe.family;

import com.google.common.base.Splitter;
import com.google.common.collect.ImmutableMap;
import com.google.common.primitives.Ints;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;

/** Names to addresses and back, by a table of name patterns with the numbers taken out. */
final class TensorNames {
  private static final Splitter DOTS = Splitter.on('.');
  private static final String NUMBER = "#";
  private static final String LAYER = "{layer}";
  private static final String EXPERT = "{expert}";

  private final ImmutableMap<TensorRole, String> templates;
  private final ImmutableMap<String, TensorRole> roles;

  TensorNames(Map<TensorRole, String> templates) {
    this.templates = ImmutableMap.copyOf(templates);
    ImmutableMap.Builder<String, TensorRole> patterns = ImmutableMap.builder();
    templates.forEach(
        (role, template) ->
            patterns.put(template.replace(LAYER, NUMBER).replace(EXPERT, NUMBER), role));
    this.roles = patterns.buildOrThrow();
  }

  boolean has(TensorRole role) {
    return templates.containsKey(role);
  }

  Optional<TensorAddress> address(String name) {
    List<Integer> numbers = new ArrayList<>(2);
    StringBuilder pattern = new StringBuilder(name.length());
    for (String part : DOTS.split(name)) {
      pattern.append(pattern.isEmpty() ? "" : ".");
      OptionalInt number = canonicalNumber(part);
      if (part.equals(NUMBER)) {
        return Optional.empty();
      }
      if (number.isPresent()) {
        numbers.add(number.getAsInt());
        pattern.append(NUMBER);
      } else {
        pattern.append(part);
      }
    }
    TensorRole role = roles.get(pattern.toString());
    if (role == null) {
      return Optional.empty();
    }
    return Optional.of(
        new TensorAddress(
            role,
            role.perLayer() ? OptionalInt.of(numbers.get(0)) : OptionalInt.empty(),
            role.perExpert() ? OptionalInt.of(numbers.get(1)) : OptionalInt.empty()));
  }

  /** The pattern of a role's names. */
  String template(TensorRole role) {
    String template = templates.get(role);
    if (template == null) {
      throw new IllegalArgumentException("role must be one of the family's, got " + role);
    }
    return template;
  }

  String name(TensorAddress address) {
    String template = template(address.role());
    StringBuilder name = new StringBuilder(template.length());
    int at = append(name, template, 0, LAYER, address.layer());
    at = append(name, template, at, EXPERT, address.expert());
    return name.append(template, at, template.length()).toString();
  }

  /** Appends up to a mark and a number in its place; returns where the template continues. */
  private static int append(
      StringBuilder name, String template, int from, String mark, OptionalInt number) {
    int at = number.isPresent() ? template.indexOf(mark, from) : -1;
    if (at < 0) {
      return from;
    }
    name.append(template, from, at).append(number.getAsInt());
    return at + mark.length();
  }

  private static OptionalInt canonicalNumber(String part) {
    if (part.isEmpty() || part.charAt(0) < '0' || part.charAt(0) > '9') {
      return OptionalInt.empty();
    }
    Integer number = Ints.tryParse(part);
    return number != null && Integer.toString(number).equals(part)
        ? OptionalInt.of(number)
        : OptionalInt.empty();
  }
}
