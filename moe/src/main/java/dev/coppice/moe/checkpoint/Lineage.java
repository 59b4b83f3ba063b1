package dev.coppice.moe.checkpoint;

import com.fasterxml.jackson.databind.node.ObjectNode;

/**
 * How a checkpoint came from another, as the tool that made it wrote it down.
 *
 * @param json the record; its writer defines its form
 */
public record Lineage(ObjectNode json) {}
