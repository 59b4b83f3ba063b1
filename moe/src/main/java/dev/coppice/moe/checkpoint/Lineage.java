package dev.coppice.moe.checkpoint;

import com.fasterxml.jackson.databind.node.ObjectNode;

/**
 * How a checkpoint came from another, as the tool that made it wrote it down.
 *
 * @param json the record; its form belongs to whoever writes it
 */
public record Lineage(ObjectNode json) {}
