/** Tiny models for the tests of every module. */
package dev.coppice.moe.testing;
