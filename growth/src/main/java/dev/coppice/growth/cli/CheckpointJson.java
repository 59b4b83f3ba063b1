package dev.coppice.growth.cli;

import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.coppice.growth.GrowthReport.Side;
import dev.coppice.moe.anatomy.Counts;
import dev.coppice.moe.anatomy.MtpLayers;
import java.util.OptionalLong;

/** The keys by which every command describes a checkpoint. */
final class CheckpointJson {
  private CheckpointJson() {}

  /** Puts family, counts and sizes. */
  static void put(ObjectNode json, Side side) {
    json.put("family", side.anatomy().family());
    json.put("layers", side.anatomy().layerCount());
    MtpLayers mtp = side.anatomy().mtp();
    json.put("mtp_layers", mtp.found());
    json.put(
        "mtp_layers_configured", mtp.said().isPresent() ? (Integer) mtp.said().getAsInt() : null);
    json.put("experts", side.anatomy().experts());
    json.put("top_k", side.anatomy().topK());
    Counts counts = side.anatomy().counts();
    put(json, "parameters", counts.ifKnown(Counts::parameters));
    put(json, "active_parameters", counts.ifKnown(Counts::active));
    put(json, "flops_per_token", counts.ifKnown(Counts::flopsPerToken));
    if (!counts.known()) {
      json.put("packed_not_counted", counts.uncounted().size());
    }
    json.put("tensors", side.tensors());
    json.put("bytes", side.bytes());
  }

  /** A number, or null where it is not known. */
  private static void put(ObjectNode json, String key, OptionalLong count) {
    if (count.isPresent()) {
      json.put(key, count.getAsLong());
    } else {
      json.putNull(key);
    }
  }
}
