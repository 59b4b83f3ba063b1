package dev.coppice.moe.train;

/**
 * Report of one optimizer step.
 *
 * @param gradientNorm norm over all parameters that are not frozen together, before clipping
 * @param skipped whether the norm was not finite or the caller refused it, and weights and moments
 *     therefore left alone
 */
public record UpdateReport(double gradientNorm, boolean skipped) {}
