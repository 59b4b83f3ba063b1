package dev.coppice.growth.advice;

import com.google.common.collect.ImmutableMap;

/**
 * One finding of the advisor.
 *
 * @param topic of the finding; a stable name
 * @param verdict what was found, in one stable word
 * @param numbers what it rests on, by stable names; what is not known is left out
 * @param text the finding in words
 * @param source where the rule comes from, and how sure it is
 */
public record Finding(
    String topic,
    String verdict,
    ImmutableMap<String, Number> numbers,
    String text,
    String source) {}
