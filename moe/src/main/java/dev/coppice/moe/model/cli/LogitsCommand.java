package dev.coppice.moe.model.cli;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.node.ObjectNode;
import com.google.common.collect.ImmutableList;
import com.google.common.collect.ImmutableMap;
import dev.coppice.moe.CoppiceException;
import dev.coppice.moe.ErrorKind;
import dev.coppice.moe.checkpoint.Checkpoint;
import dev.coppice.moe.cli.ExitCode;
import dev.coppice.moe.cli.OutputOptions;
import dev.coppice.moe.io.DurableFiles;
import dev.coppice.moe.io.PlainJson;
import dev.coppice.moe.model.LanguageModel;
import dev.coppice.moe.model.Precision;
import dev.coppice.moe.model.TokenBatch;
import dev.coppice.moe.safetensors.Dtype;
import dev.coppice.moe.safetensors.JsonFault;
import dev.coppice.moe.safetensors.SafetensorsWriter;
import dev.coppice.moe.safetensors.TensorSlot;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** {@code coppice logits}: what a model answers to token ids, as a file that other tools read. */
@Command(
    name = "logits",
    description = "Writes a model's logits for token ids, for comparison with other tools.")
final class LogitsCommand implements Callable<Integer> {
  @Spec private CommandSpec command;
  @Mixin private OutputOptions output;

  @Parameters(paramLabel = "CKPT", description = "Checkpoint folder.")
  private Path checkpoint;

  @Option(
      names = "--ids",
      required = true,
      paramLabel = "FILE.json",
      description = "Sequences of token ids, all of one length: [[1,2,3],[4,5,6]].")
  private Path ids;

  @Option(
      names = "--out",
      required = true,
      paramLabel = "FILE.safetensors",
      description = "Output file with one tensor, logits [B,T,V], F32; must not exist.")
  private Path out;

  @Option(
      names = "--precision",
      paramLabel = "P",
      defaultValue = "FLOAT32",
      description = "Precision: ${COMPLETION-CANDIDATES} (default: ${DEFAULT-VALUE}).")
  private Precision precision;

  @Override
  public Integer call() throws IOException {
    int[][] sequences = readIds();
    if (Files.exists(out)) {
      throw new CoppiceException(
          ErrorKind.REQUEST_INVALID, "output file must not exist, got " + out);
    }
    try (Checkpoint opened = Checkpoint.open(checkpoint);
        LanguageModel model = LanguageModel.open(opened, precision)) {
      TensorSlot slot = write(model, sequences);
      ObjectNode json = PlainJson.mapper().createObjectNode().put("out", out.toString());
      slot.shape().forEach(json.putArray("shape")::add);
      output.print(
          command.commandLine().getOut(), json, "logits " + slot.shape() + " written to " + out);
    }
    return ExitCode.OK.number();
  }

  private int[][] readIds() throws IOException {
    int[][] sequences;
    try {
      sequences = PlainJson.mapper().readValue(ids.toFile(), int[][].class);
    } catch (JsonProcessingException e) {
      throw bad("must be [[ids, ...], ...], got " + JsonFault.of(e));
    }
    if (sequences == null || sequences.length == 0) {
      throw bad("must hold at least one sequence, got none");
    }
    for (int[] sequence : sequences) {
      if (sequence == null || sequence.length == 0 || sequence.length != sequences[0].length) {
        throw bad(
            "must hold sequences of one length, got "
                + sequences[0].length
                + " and "
                + (sequence == null ? 0 : sequence.length));
      }
    }
    return sequences;
  }

  private CoppiceException bad(String fault) {
    return new CoppiceException(ErrorKind.INPUT_INVALID, "token ids " + fault + " (" + ids + ")");
  }

  private TensorSlot write(LanguageModel model, int[][] sequences) throws IOException {
    long vocabulary = model.spec().vocabularySize();
    TensorSlot slot =
        new TensorSlot(
            "logits",
            Dtype.F32,
            ImmutableList.of((long) sequences.length, (long) sequences[0].length, vocabulary));
    Path partial = out.resolveSibling(out.getFileName() + ".partial");
    Files.deleteIfExists(partial);
    try (SafetensorsWriter writer =
        SafetensorsWriter.create(
            partial, ImmutableList.of(slot), ImmutableMap.of("format", "pt"))) {
      long offset = 0;
      for (int[] sequence : sequences) {
        ByteBuffer bytes = bytes(logits(model, sequence));
        writer.write(slot.name(), offset, bytes);
        offset += bytes.limit();
      }
      writer.finish();
      DurableFiles.move(partial, out);
    } finally {
      Files.deleteIfExists(partial);
    }
    return slot;
  }

  private float[] logits(LanguageModel model, int[] sequence) {
    try {
      return model.logits(TokenBatch.unlabelled(sequence, 1));
    } catch (IllegalArgumentException e) {
      throw bad("must fit the model: " + e.getMessage());
    }
  }

  private static ByteBuffer bytes(float[] values) {
    ByteBuffer bytes =
        ByteBuffer.allocate(values.length * Float.BYTES).order(ByteOrder.LITTLE_ENDIAN);
    bytes.asFloatBuffer().put(values);
    return bytes;
  }
}
