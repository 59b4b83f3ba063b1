package dev.coppice.growth.cli;

import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.coppice.growth.GrowthReport.Side;

/** The keys by which every command describes a checkpoint. */
final class CheckpointJson {
  private CheckpointJson() {}

  /** Puts family, counts and sizes. */
  static void put(ObjectNode json, Side side) {
    json.put("family", side.spec().family());
    json.put("layers", side.spec().layerCount());
    json.put("experts", side.experts());
    json.put("top_k", side.topK());
    json.put("parameters", side.spec().parameterCount());
    json.put("active_parameters", side.spec().activeParameterCount());
    json.put("flops_per_token", side.spec().flopsPerToken());
    json.put("tensors", side.tensors());
    json.put("bytes", side.bytes());
  }
}
