package dev.coppice.train.metrics;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.google.common.collect.ImmutableSortedMap;
import dev.coppice.train.metrics.FakeMlflow.Mood;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.BooleanSupplier;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

class MlflowSinkTest {
  /** Enough for any machine where an answer is to come; the other moods end by themselves. */
  private static final Duration LONG = Duration.ofSeconds(60);

  @TempDir Path run;
  private FakeMlflow server;

  @BeforeEach
  void start() throws IOException {
    server = new FakeMlflow();
    Files.writeString(
        run.resolve("run.json"),
        "{\"spec\":{\"seed\":7,\"rates\":[0.5,1],\"a b:c\":\"%s\",\"none\":null,\"empty\":\"\"}}"
            .formatted("x".repeat(9000)));
  }

  @AfterEach
  void stop() {
    server.close();
  }

  private MlflowSettings settings() {
    return MlflowSettings.of(Optional.of(server.uri()), Optional.of("my runs"), Map.of())
        .orElseThrow();
  }

  private static MlflowSender.Pace pace(Duration request, Duration close) {
    Duration tick = Duration.ofMillis(5);
    return new MlflowSender.Pace(request, tick, tick, tick, close);
  }

  private MlflowSink open() throws IOException {
    return MlflowSink.open(run, settings(), pace(LONG, LONG));
  }

  private MlflowSink openImpatient() throws IOException {
    return MlflowSink.open(run, settings(), pace(Duration.ofMillis(50), Duration.ofMillis(100)));
  }

  private static void steps(MlflowSink sink, int from, int to) {
    IntStream.rangeClosed(from, to).forEach(step -> sink.step(Steps.line(step)));
  }

  private static void await(BooleanSupplier condition) throws InterruptedException {
    for (int i = 0; i < 6000 && !condition.getAsBoolean(); i++) {
      Thread.sleep(10);
    }
    assertThat(condition.getAsBoolean()).isTrue();
  }

  private List<String> losses() {
    assertThat(server.runs()).hasSize(1);
    return server.curve(server.runs().get(0), "train/loss");
  }

  @Test
  void tellsARun() throws IOException {
    try (MlflowSink sink = open()) {
      steps(sink, 1, 500);
      sink.event(
          new RunEvent(500, RunEvent.EVALUATED, "held out", ImmutableSortedMap.of("loss", 2.5)));
      sink.event(RunEvent.of(500, RunEvent.FINISHED, "budget spent"));
    }
    assertThat(server.complaints()).isEmpty();
    assertThat(losses()).hasSize(500);
    assertThat(server.curve("r1", "eval/loss").get(0)).startsWith("500@").endsWith("=2.5");
    assertThat(server.states()).containsExactly("RUNNING", "FINISHED");
    assertThat(server.params())
        .containsEntry("spec.seed", "7")
        .containsEntry("spec.rates.1", "1")
        .containsEntry("spec.a b_c-1813bde8", "x".repeat(500))
        .doesNotContainKey("spec.empty");
    assertThat(server.tags()).containsEntry("coppice.finished", "step 500: budget spent");
    assertThat(run.resolve("mlflow-spool.jsonl")).doesNotExist();
    assertThat(server.authorizations()).containsOnly("null");
  }

  @Test
  void sourcesOfSimilarNamesHaveCurvesOfTheirOwn() throws IOException {
    String longest = "x".repeat(300);
    List<String> sources =
        List.of(
            "a b.txt",
            "a_b.txt",
            "a+b.txt",
            "a:b.txt",
            "/data/a.txt",
            "data/a.txt",
            "./data/a.txt",
            "../data/a.txt",
            "data//a.txt",
            "data/",
            "ä.txt",
            "ö.txt",
            longest + "1",
            longest + "2");
    ImmutableSortedMap.Builder<String, Double> losses = ImmutableSortedMap.naturalOrder();
    for (int i = 0; i < sources.size(); i++) {
      losses.put("loss/" + sources.get(i), (double) i);
    }
    try (MlflowSink sink = open()) {
      sink.event(new RunEvent(5, RunEvent.EVALUATED, "held out", losses.buildOrThrow()));
    }
    assertThat(server.complaints()).isEmpty();
    for (int i = 0; i < sources.size(); i++) {
      String key = MlflowRun.key("eval/loss/" + sources.get(i));
      assertThat(server.curve("r1", key))
          .as(key)
          .singleElement()
          .asString()
          .endsWith("=" + i + ".0");
    }
    assertThat(MlflowRun.key("eval/loss/a b.txt")).isEqualTo("eval/loss/a b.txt");
    assertThat(MlflowRun.key("train/loss")).isEqualTo("train/loss");
  }

  @Test
  void goesOnWithTheSameRun() throws IOException {
    try (MlflowSink sink = open()) {
      steps(sink, 1, 20);
    }
    try (MlflowSink sink = open()) {
      steps(sink, 11, 30);
      sink.event(RunEvent.of(30, RunEvent.STOPPED, "asked"));
    }
    assertThat(losses()).hasSize(30);
    assertThat(server.states()).containsExactly("RUNNING", "FAILED", "RUNNING", "KILLED");
  }

  @Test
  void tellsStepsAgainThatWereRolledBack() throws IOException {
    try (MlflowSink sink = open()) {
      steps(sink, 1, 20);
    }
    try (MlflowSink sink = open()) {
      sink.rewind(18);
      sink.step(Steps.line(19, 9));
    }
    assertThat(losses()).hasSize(21).anyMatch(entry -> entry.matches("19@\\d+=9.0"));
  }

  @ParameterizedTest
  @EnumSource(
      value = Mood.class,
      names = {"ERROR", "GARBAGE", "HTML", "FOREIGN_OBJECT", "ENDLESS", "TAKE_AND_HANG_UP"})
  void sendsLaterWhatFailed(Mood mood) throws Exception {
    server.become(mood);
    try (MlflowSink sink = open()) {
      steps(sink, 1, 5);
      await(() -> server.requests() > 1);
      steps(sink, 6, 10);
      server.become(Mood.WELL);
      await(() -> !server.runs().isEmpty());
      steps(sink, 11, 15);
    }
    assertThat(losses()).hasSize(15);
    assertThat(run.resolve("mlflow-spool.jsonl")).doesNotExist();
    assertThat(server.complaints()).isEmpty();
  }

  @Test
  void keepsForTheNextProcessWhatHangs() throws Exception {
    server.become(Mood.HANG);
    try (MlflowSink sink = openImpatient()) {
      steps(sink, 1, 10);
    }
    assertThat(Files.readAllLines(run.resolve("mlflow-spool.jsonl"))).hasSize(11);
    server.become(Mood.WELL);
    try (MlflowSink sink = open()) {
      steps(sink, 8, 12);
    }
    assertThat(losses()).hasSize(12);
    assertThat(run.resolve("mlflow-spool.jsonl")).doesNotExist();
  }

  @Test
  void trainsOnWithoutAServer() throws IOException {
    String uri = server.uri();
    server.close();
    MlflowSettings gone =
        MlflowSettings.of(Optional.of(uri), Optional.empty(), Map.of()).orElseThrow();
    try (MlflowSink sink = MlflowSink.open(run, gone, pace(LONG, LONG))) {
      steps(sink, 1, 10);
    }
    assertThat(Files.readAllLines(run.resolve("mlflow-spool.jsonl"))).hasSize(11);
  }

  @Test
  void losesOnlyWhatIsRefusedForGood() throws IOException {
    server.become(Mood.REFUSE_BATCH);
    try (MlflowSink sink = open()) {
      steps(sink, 1, 3);
      sink.event(RunEvent.of(3, RunEvent.FINISHED, ""));
    }
    assertThat(server.states()).containsExactly("RUNNING", "FINISHED");
    assertThat(run.resolve("mlflow-spool.jsonl")).doesNotExist();
  }

  @Test
  void passesByATornSpool() throws IOException {
    Files.writeString(
        run.resolve("mlflow-spool.jsonl"),
        "{\"tags\":[{\"key\":\"a\",\"value\":\"b\"}]}\nnot json\n{\"tags\":[{\"ke");
    try (MlflowSink sink = open()) {
      steps(sink, 1, 1);
    }
    assertThat(server.tags()).containsEntry("a", "b");
    assertThat(losses()).hasSize(1);
  }

  @Test
  void showsItsToken() throws IOException {
    MlflowSettings settings =
        MlflowSettings.of(
                Optional.empty(),
                Optional.empty(),
                Map.of(
                    "MLFLOW_TRACKING_URI", server.uri() + "/", "MLFLOW_TRACKING_TOKEN", "s3cret"))
            .orElseThrow();
    try (MlflowSink sink = MlflowSink.open(run, settings, pace(LONG, LONG))) {
      steps(sink, 1, 1);
    }
    assertThat(server.authorizations()).containsOnly("Bearer s3cret");
    assertThat(settings.toString()).doesNotContain("s3cret");
    assertThat(Files.readString(run.resolve("mlflow.json"))).doesNotContain("s3cret");
  }

  @Test
  void refusesATokenThatNoHeaderHolds() {
    Map<String, String> environment = Map.of("MLFLOW_TRACKING_TOKEN", "hu\nsh");
    assertThatThrownBy(
            () -> MlflowSettings.of(Optional.of("http://h"), Optional.empty(), environment))
        .hasMessage("MLFLOW_TRACKING_TOKEN must be printable ASCII, got another text");
  }

  @Test
  void showsItsPassword() {
    Map<String, String> environment =
        Map.of("MLFLOW_TRACKING_USERNAME", "me", "MLFLOW_TRACKING_PASSWORD", "pass");
    assertThat(
            MlflowSettings.of(Optional.of("https://host/sub"), Optional.empty(), environment)
                .orElseThrow()
                .authorization())
        .hasValue("Basic bWU6cGFzcw==");
    assertThat(MlflowSettings.of(Optional.empty(), Optional.of("e"), environment)).isEmpty();
  }

  @Test
  void refusesAddressesOfOtherKinds() {
    for (String address :
        List.of("sqlite:///x.db", "file:/tmp/x", "http:", "mlruns", "h ttp://x")) {
      assertThatThrownBy(() -> MlflowSettings.of(Optional.of(address), Optional.empty(), Map.of()))
          .hasMessageStartingWith("MLflow's address must");
    }
    assertThatThrownBy(
            () -> MlflowSettings.of(Optional.of("http://a:hush@h"), Optional.empty(), Map.of()))
        .hasMessageNotContaining("hush");
  }
}
