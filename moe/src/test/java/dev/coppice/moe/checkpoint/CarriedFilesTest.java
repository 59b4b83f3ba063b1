package dev.coppice.moe.checkpoint;

import static org.assertj.core.api.Assertions.assertThat;

import dev.coppice.moe.folder.CarriedFiles;
import dev.coppice.moe.folder.NativeCode;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** What of a folder is carried on. */
class CarriedFilesTest {
  @TempDir Path folder;

  @BeforeEach
  void config() throws IOException {
    write("config.json", "{}");
  }

  @Test
  void weightsInOtherFormatsStayBehindAndAreNamedOnce() throws IOException {
    List<String> weights =
        List.of(
            "a.gguf",
            "adapter_config.json",
            "adapter_model.safetensors",
            "c.onnx",
            "c.onnx.data",
            "flax_model.msgpack",
            "m.npz",
            "pytorch_model.bin",
            "pytorch_model.bin.index.json",
            "rust_model.ot",
            "tf_model.h5");
    for (String name : weights) {
      write(name, "x");
    }
    write("tokenizer.json", "{}");
    write("LICENSE", "x");
    assertThat(names()).containsExactly("LICENSE", "tokenizer.json");
    assertThat(CarriedFiles.of(folder, NativeCode.NONE).notes())
        .containsExactly(
            "weights in other formats are not copied: "
                + String.join(", ", weights.subList(0, 10))
                + " and 1 more");
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "model.pdparams",
        "q4.mnn",
        "model.rknn",
        "model.pte",
        "model.llamafile",
        "m.keras",
        "openvino_model.xml",
        "model.safetensors.zst",
        "pytorch_model.bin.gz",
        "__0_0.distcp",
        "model.onnx.data",
        "model-Q4.gguf.part1of2"
      })
  void eachOtherFormatStaysBehind(String name) throws IOException {
    write(name, "x");
    write("chat_template.jinja", "x");
    assertThat(names()).containsExactly("chat_template.jinja");
    assertThat(CarriedFiles.of(folder, NativeCode.NONE).notes())
        .containsExactly("weights in other formats are not copied: " + name);
  }

  @Test
  void importsGoOnOverLinesAndPastComments() throws IOException {
    write("config.json", "{\"text_config\": {\"auto_map\": {\"AutoModel\": \"a.M\"}}}");
    write(
        "a.py",
        """
        from . import b, \\
            c
        from . import (  # (as of 4.5)
            d,  # e)
            f,
        )
        from .g \\
            import X
        # from . import h
        from.i import(Y)
        """);
    for (String name : List.of("b", "c", "d", "f", "g", "h", "i")) {
      write(name + ".py", "");
    }
    assertThat(names()).containsExactly("a.py", "b.py", "c.py", "d.py", "f.py", "g.py", "i.py");
  }

  @Test
  void subFoldersThatReadersKnowAreCarriedAndOthersNamed() throws IOException {
    for (String name :
        List.of(
            "1_Pooling/config.json",
            "additional_chat_templates/tools.jinja",
            "chat_templates/a/b.jinja",
            "encoding/encoding_v4.py",
            "tokenizer/vocab.json")) {
      write(name, "x");
    }
    write("original/params.json", "x");
    write("figures/a.png", "x");
    write(".cache/x", "x");
    assertThat(names())
        .containsExactly(
            "1_Pooling/config.json",
            "additional_chat_templates/tools.jinja",
            "chat_templates/a/b.jinja",
            "encoding/encoding_v4.py",
            "tokenizer/vocab.json");
    assertThat(CarriedFiles.of(folder, NativeCode.NONE).notes())
        .containsExactly("sub-folders without a known reader are not copied: figures, original");
  }

  @Test
  void codeIsCarriedThatConfigurationsNameAndWhatItImports() throws IOException {
    write(
        "config.json",
        "{\"auto_map\": {\"AutoConfig\": \"configuration_my.C\", \"AutoModel\": \"modeling_my.M\","
            + " \"AutoModelForCausalLM\": \"org/name--modeling_far.M\"},"
            + " \"custom_pipelines\": {\"p\": {\"impl\": \"pipe.P\"}}}");
    write("tokenizer_config.json", "{\"auto_map\": {\"AutoTokenizer\": [\"tok.T\", null]}}");
    write("preprocessor_config.json", "{\"auto_map\": {\"AutoProcessor\": \"gone.P\"}}");
    write("configuration_my.py", "import os\n");
    write(
        "modeling_my.py",
        "def f():\n    from .layers.mlp import (\n        A,\n        B as C,\n    )\n");
    write("layers/mlp.py", "from ..shared import x\nfrom . import norm as n, rope\n");
    write("layers/norm.py", "");
    write("layers/rope.py", "");
    write("layers/unused.py", "");
    write("shared.py", "from .modeling_my import M\nfrom ...outside import y\n");
    write("pipe.py", "");
    write("tok.py", "");
    write("train.py", "");
    assertThat(names())
        .containsExactly(
            "configuration_my.py",
            "layers/mlp.py",
            "layers/norm.py",
            "layers/rope.py",
            "modeling_my.py",
            "pipe.py",
            "preprocessor_config.json",
            "shared.py",
            "tok.py",
            "tokenizer_config.json");
    assertThat(CarriedFiles.of(folder, NativeCode.NONE).notes())
        .containsExactly(
            "code that auto_map names is copied without being run: configuration_my.py,"
                + " layers/mlp.py, layers/norm.py, layers/rope.py, modeling_my.py, pipe.py,"
                + " shared.py, tok.py",
            "auto_map names code that is not in the folder: gone.py; trust_remote_code needs it");
  }

  @Test
  void nothingOutsideTheFolderIsCarried() throws IOException {
    Path outside = Files.writeString(folder.resolveSibling(folder.getFileName() + ".py"), "x");
    write("config.json", "{\"auto_map\": {\"AutoConfig\": \"/etc/passwd.C\", \"A\": \"link.C\"}}");
    Files.createSymbolicLink(folder.resolve("link.py"), outside);
    assertThat(names()).isEmpty();
    Files.delete(outside);
  }

  private List<String> names() throws IOException {
    return CarriedFiles.of(folder, NativeCode.NONE).files().stream()
        .map(f -> folder.relativize(f).toString())
        .toList();
  }

  private void write(String name, String text) throws IOException {
    Files.createDirectories(folder.resolve(name).getParent());
    Files.writeString(folder.resolve(name), text);
  }
}
