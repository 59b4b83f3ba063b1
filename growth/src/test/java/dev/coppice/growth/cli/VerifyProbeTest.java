package dev.coppice.growth.cli;

import static dev.coppice.growth.cli.Run.run;
import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import dev.coppice.growth.TestFolder;
import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import org.junit.jupiter.api.Test;

class VerifyProbeTest {
  private static JsonNode probe(TestFolder folder, String name, Object... options)
      throws IOException {
    Path source = folder.of("source");
    Path grown = folder.of(name);
    Object[] grow = {"grow", source, grown, "-q"};
    assertThat(
            run(com.google.common.collect.ObjectArrays.concat(grow, options, Object.class)).code())
        .isZero();
    Run verify = run("verify", source, grown, "--probe", "--prompts", 2, "--json", "-q");
    assertThat(verify.code()).as(verify.out() + verify.err()).isZero();
    return verify.json().path("probe");
  }

  @Test
  void holdsLogitsAgainstThePromise() throws IOException {
    try (TestFolder folder = new TestFolder()) {
      GrowthCommandsTest.source(folder);
      JsonNode identity = probe(folder, "identity", "--depth", 2, "--identity");
      assertThat(identity.toString())
          .isEqualTo(
              "{\"ran\":true,\"max_relative_difference\":0.0,\"promise\":\"identity\","
                  + "\"kept\":true}");
      JsonNode exact = probe(folder, "exact", "--width", 2, "--noise", 0);
      assertThat(exact.path("promise").asText()).isEqualTo("exact");
      assertThat(exact.path("kept").asBoolean()).isTrue();
      assertThat(exact.path("max_relative_difference").asDouble()).isLessThan(1e-4);
      JsonNode none = probe(folder, "none", "--depth", 2);
      assertThat(none.path("promise").asText()).isEqualTo("none");
      assertThat(none.path("kept").isNull()).isTrue();
      assertThat(none.path("max_relative_difference").asDouble()).isGreaterThan(1e-4);
      Run text = run("verify", folder.of("source"), folder.of("none"), "--probe", "-q");
      assertThat(text.out()).contains("probe: logits may change: largest difference");
      assertThat(run("verify", folder.of("source"), folder.of("none"), "--prompts", 3).err())
          .contains("--prompts needs --probe, got none");
    }
  }

  @Test
  void aBrokenPromiseEndsWithFour() throws IOException {
    try (TestFolder folder = new TestFolder()) {
      Path source = GrowthCommandsTest.source(folder);
      Path grown = folder.of("grown");
      assertThat(run("grow", source, grown, "--depth", 2, "--identity", "-q").code()).isZero();
      // the last bytes of the file belong to weights of a late layer
      try (FileChannel file =
          FileChannel.open(grown.resolve("model.safetensors"), StandardOpenOption.WRITE)) {
        file.write(java.nio.ByteBuffer.wrap(new byte[] {0x12, 0x42}), file.size() - 2);
      }
      Run verify = run("verify", source, grown, "--probe", "--json", "-q");
      assertThat(verify.code()).isEqualTo(4);
      assertThat(verify.json().path("verified").asBoolean()).isFalse();
      assertThat(verify.json().at("/probe/ran").asBoolean()).isTrue();
    }
  }

  @Test
  void namesEveryProblemOfAFolderThatCannotBeOpened() throws IOException {
    try (TestFolder folder = new TestFolder()) {
      Path source = GrowthCommandsTest.source(folder);
      Path grown = folder.of("grown");
      Object[] grow = {"grow", source, grown, "--depth", 2, "--max-shard-size", "200B", "-q"};
      assertThat(run(grow).code()).isZero();
      Path first;
      Path second;
      try (var files = Files.list(grown)) {
        var shards = files.filter(f -> f.toString().endsWith(".safetensors")).sorted().toList();
        first = shards.get(0);
        second = shards.get(1);
      }
      for (Path shard : new Path[] {first, second}) {
        try (FileChannel file = FileChannel.open(shard, StandardOpenOption.WRITE)) {
          file.truncate(file.size() - 1);
        }
      }
      Files.writeString(grown.resolve("coppice.json"), "{");
      Run verify = run("verify", source, grown, "--json", "-q");
      assertThat(verify.code()).isEqualTo(4);
      assertThat(verify.json().path("verified").asBoolean()).isFalse();
      assertThat(verify.json().path("deviations").toString())
          .contains(
              String.valueOf(first.getFileName()),
              String.valueOf(second.getFileName()),
              "coppice.json");
      assertThat(run("verify", source, folder.of("nowhere")).code()).isEqualTo(3);
    }
  }
}
