package dev.coppice.moe.parameter;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import ai.djl.ndarray.NDManager;
import dev.coppice.moe.CoppiceException;
import dev.coppice.moe.backend.Backend;
import dev.coppice.moe.checkpoint.Checkpoint;
import dev.coppice.moe.checkpoint.CheckpointWriter;
import dev.coppice.moe.checkpoint.Shard;
import dev.coppice.moe.checkpoint.ShardLayout;
import dev.coppice.moe.checkpoint.StoredTensor;
import dev.coppice.moe.kernel.LayerParameter;
import dev.coppice.moe.model.LanguageModel;
import dev.coppice.moe.model.Precision;
import dev.coppice.moe.safetensors.SafetensorsWriter;
import dev.coppice.moe.safetensors.TensorSlot;
import dev.coppice.moe.testing.GoldenFolder;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.MethodSource;

class WeightTransferTest {
  @TempDir Path temporary;

  static List<String> folders() throws IOException {
    return GoldenShapesTest.folders();
  }

  @ParameterizedTest
  @MethodSource("folders")
  void whatWasLoadedIsSavedBitForBit(String name) throws IOException {
    Path copy = temporary.resolve("copy");
    try (Checkpoint folder = Checkpoint.open(GoldenFolder.path(name))) {
      try (NDManager manager = Backend.forThisMachine().newManager();
          Parameters parameters = parameters(manager, folder);
          CheckpointWriter writer = CheckpointWriter.begin(copy)) {
        WeightTransfer.load(folder, parameters);
        WeightTransfer.save(parameters, writer, 20_000);
        writer.writeConfig(folder.config());
        writer.commit();
      }
      try (Checkpoint written = Checkpoint.open(copy)) {
        assertThat(written.tensors().keySet()).isEqualTo(folder.tensors().keySet());
        for (StoredTensor tensor : folder.tensors().values()) {
          StoredTensor saved = written.tensor(tensor.name());
          assertThat(saved.slot()).isEqualTo(tensor.slot());
          assertThat(bytes(written, saved)).as(tensor.name()).isEqualTo(bytes(folder, tensor));
        }
        assertThat(written.spec()).isEqualTo(folder.spec());
      }
    }
  }

  @ParameterizedTest
  @CsvSource({
    "mixtral, model.layers.1.block_sparse_moe.experts.2.w2.weight, 17, NaN, '[1, 1]'",
    "gpt_oss, model.layers.0.mlp.experts.gate_up_proj, 600, Infinity, '[1, 1, 0]'",
    "gpt_oss, model.layers.1.mlp.experts.down_proj_bias, 30, -Infinity, '[1, 6]'",
    "deepseek_v3, model.layers.1.mlp.gate.e_score_correction_bias, 4, NaN, '[4]'",
  })
  void aNumberThatIsNoneIsNamed(String name, String tensor, int element, float value, String index)
      throws IOException {
    Path folder = copy(name);
    put(folder, tensor, element, value);
    try (Checkpoint checkpoint = Checkpoint.open(folder);
        NDManager manager = Backend.forThisMachine().newManager();
        Parameters parameters = parameters(manager, checkpoint)) {
      assertThatThrownBy(() -> WeightTransfer.load(checkpoint, parameters))
          .isInstanceOf(CoppiceException.class)
          .hasMessage(
              "tensor '"
                  + tensor
                  + "' must hold finite numbers, got "
                  + value
                  + " at "
                  + index
                  + " ("
                  + folder
                  + ")");
    }
  }

  @Test
  void nextTokenPredictionStandsAside() throws IOException {
    Path folder = temporary.resolve("with");
    Path saved = temporary.resolve("without");
    withPredictionLayer(GoldenFolder.path("deepseek_v3"), folder);
    try (Checkpoint checkpoint = Checkpoint.open(folder);
        GoldenFolder golden = new GoldenFolder("deepseek_v3");
        LanguageModel model = LanguageModel.open(checkpoint, Precision.FLOAT32);
        CheckpointWriter writer = CheckpointWriter.begin(saved)) {
      assertThat(checkpoint.anatomy().mtpLayerCount()).isEqualTo(1);
      assertThat(checkpoint.spec().layerCount()).isEqualTo(2);
      golden.assertClose("logits", model.logits(golden.batch()), 1e-4);
      model.writeTo(writer, 1 << 20);
      writer.commit();
    }
    try (Checkpoint checkpoint = Checkpoint.open(saved)) {
      assertThat(checkpoint.anatomy().mtpLayerCount()).isZero();
      assertThat(checkpoint.config().path("num_nextn_predict_layers").intValue()).isZero();
    }
  }

  /** Copies a folder, its last layer once more behind it as next-token prediction. */
  private static void withPredictionLayer(Path from, Path to) throws IOException {
    try (Checkpoint source = Checkpoint.open(from);
        CheckpointWriter writer = CheckpointWriter.begin(to)) {
      Map<TensorSlot, StoredTensor> all = new LinkedHashMap<>();
      for (StoredTensor tensor : source.tensors().values()) {
        all.put(tensor.slot(), tensor);
        if (tensor.name().startsWith("model.layers.1.")) {
          String name = tensor.name().replace("layers.1.", "layers.2.");
          all.put(new TensorSlot(name, tensor.dtype(), tensor.shape()), tensor);
        }
        if (tensor.name().equals("model.layers.1.input_layernorm.weight")) {
          String mark = "model.layers.2.enorm.weight";
          all.put(new TensorSlot(mark, tensor.dtype(), tensor.shape()), tensor);
        }
      }
      ShardLayout layout = ShardLayout.of(List.copyOf(all.keySet()), 1 << 20);
      for (Shard shard : layout.shards()) {
        try (SafetensorsWriter file = writer.openShard(shard)) {
          for (TensorSlot slot : shard.slots()) {
            StoredTensor tensor = Objects.requireNonNull(all.get(slot));
            file.write(slot.name(), 0, ByteBuffer.wrap(bytes(source, tensor)));
          }
          file.finish();
        }
      }
      writer.writeConfig(source.config().put("num_nextn_predict_layers", 1));
      writer.writeIndex(layout);
      writer.commit();
    }
  }

  @Test
  void freshWeightsAreThoseOfTransformers() throws IOException {
    try (Checkpoint folder = Checkpoint.open(GoldenFolder.path("gpt_oss"));
        LanguageModel model = LanguageModel.fresh(folder.config(), 3, Precision.FLOAT32)) {
      assertThat(of(model, LayerParameter.INPUT_NORM)).containsOnly(1f);
      assertThat(of(model, LayerParameter.INPUT_BIAS)).containsOnly(0f);
      assertThat(of(model, LayerParameter.OUTPUT_BIAS)).containsOnly(0f);
      assertThat(of(model, LayerParameter.GATE_UP_BIAS)).containsOnly(0f);
      assertThat(of(model, LayerParameter.DOWN_BIAS)).containsOnly(0f);
      assertThat(of(model, LayerParameter.SINKS)).doesNotContain(0f);
      assertThat(of(model, LayerParameter.ROUTER_BIAS)).doesNotContain(0f);
      assertThat(of(model, LayerParameter.DOWN)).doesNotContain(0f);
    }
    try (Checkpoint folder = Checkpoint.open(GoldenFolder.path("deepseek_v3"));
        LanguageModel model = LanguageModel.fresh(folder.config(), 3, Precision.FLOAT32)) {
      int slot = ParameterLayout.index(1, LayerParameter.SELECTION_BIAS);
      assertThat(model.parameters().array(slot).toFloatArray()).hasSize(5).containsOnly(0f);
      assertThat(model.parameters().layout().slots().get(slot).trained()).isFalse();
    }
  }

  private static Parameters parameters(NDManager manager, Checkpoint folder) {
    return new Parameters(
        Backend.forThisMachine(), manager, new ParameterLayout(folder.family(), folder.spec()));
  }

  private static float[] of(LanguageModel model, LayerParameter slot) {
    return model.parameters().array(ParameterLayout.index(0, slot)).toFloatArray();
  }

  private Path copy(String name) throws IOException {
    Path folder = Files.createDirectory(temporary.resolve("broken"));
    for (String file : List.of("config.json", "model.safetensors")) {
      Files.copy(GoldenFolder.path(name).resolve(file), folder.resolve(file));
    }
    return folder;
  }

  private static void put(Path folder, String name, int element, float value) throws IOException {
    try (Checkpoint checkpoint = Checkpoint.open(folder);
        FileChannel file =
            FileChannel.open(folder.resolve("model.safetensors"), StandardOpenOption.WRITE)) {
      ByteBuffer number = ByteBuffer.allocate(Float.BYTES).order(ByteOrder.LITTLE_ENDIAN);
      long offset = checkpoint.tensor(name).fileOffset() + (long) element * Float.BYTES;
      file.write(number.putFloat(value).flip(), offset);
    }
  }

  private static byte[] bytes(Checkpoint folder, StoredTensor tensor) throws IOException {
    ByteBuffer bytes = ByteBuffer.allocate(Math.toIntExact(tensor.byteSize()));
    folder.read(tensor, 0, bytes);
    return bytes.array();
  }
}
