package dev.coppice.train.data;

import com.fasterxml.jackson.databind.PropertyNamingStrategies;
import com.fasterxml.jackson.databind.annotation.JsonNaming;

/**
 * One file that data was read from.
 *
 * @param name relative to the folder that the path given lies in; behind {@code !/} its name inside
 *     an archive
 * @param bytes of it, as stored; inside an archive, unpacked
 * @param sha256 of those bytes, 64 hexadecimal digits
 */
@JsonNaming(PropertyNamingStrategies.SnakeCaseStrategy.class)
public record FileRecord(String name, long bytes, String sha256) {}
