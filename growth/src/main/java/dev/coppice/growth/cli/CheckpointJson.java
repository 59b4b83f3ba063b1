package dev.coppice.growth.cli;

import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.coppice.growth.GrowthReport.Side;

/** The keys by which every command describes a checkpoint. */
final class CheckpointJson {
  private CheckpointJson() {}

  /** Puts family, counts and sizes. */
  static void put(ObjectNode json, Side side) {
    json.put("family", side.anatomy().family());
    json.put("layers", side.anatomy().layerCount());
    json.put("experts", side.anatomy().experts());
    json.put("top_k", side.anatomy().topK());
    json.put("parameters", side.anatomy().counts().parameters());
    json.put("active_parameters", side.anatomy().counts().active());
    json.put("flops_per_token", side.anatomy().counts().flopsPerToken());
    json.put("tensors", side.tensors());
    json.put("bytes", side.bytes());
  }
}
