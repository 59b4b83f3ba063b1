/** Tests of growth. */
package dev.coppice.growth;
