package dev.coppice.train.cli;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.coppice.moe.cli.Coppice;
import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import picocli.CommandLine;

class ReportCommandTest {
  @TempDir Path folder;
  private Path run;
  private Path page;
  private final StringWriter out = new StringWriter();
  private final StringWriter err = new StringWriter();

  @BeforeEach
  void makeARun() throws IOException {
    run = Files.createDirectory(folder.resolve("first"));
    page = folder.resolve("page.html");
    Files.writeString(run.resolve("run.json"), "{\"spec\":{\"seed\":1}}");
    Files.writeString(
        run.resolve("metrics.jsonl"),
        "{\"step\":1,\"tokens\":64,\"extra_flops\":1000,\"loss\":5.5,\"seconds\":2}\n");
  }

  private int coppice(Object... arguments) {
    CommandLine line = Coppice.commandLine();
    line.setOut(new PrintWriter(out));
    line.setErr(new PrintWriter(err));
    return line.execute(Stream.of(arguments).map(Object::toString).toArray(String[]::new));
  }

  @Test
  void writesThePageAndTellsTheRuns() throws IOException {
    Files.writeString(page, "old");
    assertThat(coppice("report", run, "--out", page)).isZero();
    assertThat(Files.readString(page))
        .startsWith("<!DOCTYPE html>")
        .contains("Loss by extra FLOPs");
    assertThat(out.toString()).contains("first").contains("unfinished").contains("5.5000");
    try (Stream<Path> files = Files.list(folder)) {
      assertThat(files).containsExactlyInAnyOrder(run, page);
    }
  }

  @Test
  void tellsTheRunsAsJson() throws IOException {
    assertThat(coppice("report", run, run, "--out", page, "--json")).isZero();
    JsonNode json = new ObjectMapper().readTree(out.toString());
    assertThat(json.path("out").asText()).isEqualTo(page.toString());
    assertThat(json.path("runs")).hasSize(2);
    assertThat(json.path("runs").get(1).path("name").asText()).isEqualTo("first (2)");
    assertThat(json.path("runs").get(0).path("loss").asDouble()).isEqualTo(5.5);
  }

  @Test
  void refusesAFolderThatIsNoRun() {
    assertThat(coppice("report", folder, "--out", page)).isEqualTo(3);
    assertThat(err.toString()).contains("run folder must hold run.json, got " + folder);
    assertThat(page).doesNotExist();
  }
}
