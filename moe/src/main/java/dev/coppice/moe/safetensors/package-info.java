/**
 * The safetensors format and nothing else: header, element types, a positional reader and a writer
 * that lays the header down first.
 *
 * <p>A file is a little-endian 64-bit header length N, N bytes of UTF-8 JSON that maps each
 * tensor's name to its type, shape and byte range, and the data. Ranges must tile the data: no gap,
 * no overlap, no byte left over. Main types: {@link dev.coppice.moe.safetensors.SafetensorsFile},
 * {@link dev.coppice.moe.safetensors.SafetensorsWriter}.
 */
@NullMarked
package dev.coppice.moe.safetensors;

import org.jspecify.annotations.NullMarked;
