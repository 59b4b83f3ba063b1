package dev.coppice.moe.model;

/**
 * What one optimizer step did.
 *
 * @param gradientNorm norm over all parameters together, before clipping
 * @param skipped whether the norm was not finite, and weights and moments therefore left alone
 */
public record UpdateReport(double gradientNorm, boolean skipped) {}
