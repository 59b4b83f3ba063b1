package dev.coppice.train.metrics;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.coppice.train.TrainJson;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Clock;
import java.util.Map;
import java.util.concurrent.ArrayBlockingQueue;
import java.util.concurrent.BlockingQueue;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Tells a run to an MLflow server: the settings as params, curves as metrics, events as tags.
 *
 * <p>Training never waits for the server: entries pass through a bounded queue to a thread that
 * sends them. While the server does not answer they go to {@code mlflow-spool.jsonl}, and are sent
 * when it answers again, in this process or in one that resumes the run. Steps that a resumed run
 * takes again, after a checkpoint older than its end, are not sent again.
 */
public final class MlflowSink implements MetricsSink {
  private static final Logger LOG = LoggerFactory.getLogger(MlflowSink.class);
  private static final int QUEUE = 4096;
  private static final int TAG_LENGTH = 5000;
  private static final long SPOOL_MILLIS = 30_000;

  private final BlockingQueue<ObjectNode> queue = new ArrayBlockingQueue<>(QUEUE);
  private final MlflowClient client;
  private final MlflowSender sender;
  private final Thread thread;
  private final Clock clock = Clock.systemUTC();
  private final MlflowSender.Pace pace;
  private long sentBefore;
  private long dropped;
  private String status = "FAILED";

  private MlflowSink(
      MlflowClient client, MlflowRun run, MlflowSpool spool, MlflowSender.Pace pace) {
    this.client = client;
    this.pace = pace;
    this.sentBefore = run.lastStep();
    this.sender = new MlflowSender(queue, run, spool, pace);
    this.thread = new Thread(sender, "coppice-mlflow");
    thread.setDaemon(true);
    if (run.isKnown()) {
      offer(TrainJson.mapper().createObjectNode().put("status", "RUNNING"));
    }
    thread.start();
  }

  /**
   * Opens such sinks for {@link RunSinks}.
   *
   * @param settings of the server
   */
  public static RunSinks.Opener opener(MlflowSettings settings) {
    return new RunSinks.Opener() {
      @Override
      public String name() {
        return "MLflow";
      }

      @Override
      public MetricsSink open(Path runFolder, long lastStep) throws IOException {
        return MlflowSink.open(runFolder, settings);
      }
    };
  }

  /**
   * Begins to send a run, or continues. Asks the server nothing yet.
   *
   * @param runFolder of the run; its {@code run.json} gives the params
   * @param settings of the server
   * @throws IOException when the spool cannot be opened
   */
  public static MlflowSink open(Path runFolder, MlflowSettings settings) throws IOException {
    return open(runFolder, settings, MlflowSender.Pace.DEFAULT);
  }

  static MlflowSink open(Path runFolder, MlflowSettings settings, MlflowSender.Pace pace)
      throws IOException {
    MlflowClient client = new MlflowClient(settings, pace.request());
    return new MlflowSink(
        client,
        new MlflowRun(runFolder, settings, client),
        MlflowSpool.open(runFolder.resolve("mlflow-spool.jsonl")),
        pace);
  }

  @Override
  public void step(MetricsLine line) {
    status = "FAILED";
    if (line.step() > sentBefore) {
      offerMetrics(line.step(), StepScalars.of(line));
    }
  }

  @Override
  public void event(RunEvent event) {
    status =
        switch (event.kind()) {
          case RunEvent.FINISHED -> "FINISHED";
          case RunEvent.STOPPED -> "KILLED";
          default -> status;
        };
    ObjectNode entry = TrainJson.mapper().createObjectNode();
    entry
        .putArray("tags")
        .addObject()
        .put("key", "coppice." + event.kind())
        .put("value", MlflowRun.head("step " + event.step() + ": " + event.message(), TAG_LENGTH));
    offer(entry);
    if (event.step() > sentBefore) {
      offerMetrics(event.step(), StepScalars.of(event));
    }
  }

  private void offerMetrics(long step, Map<String, Double> values) {
    if (values.isEmpty()) {
      return;
    }
    long now = clock.millis();
    ObjectNode entry = TrainJson.mapper().createObjectNode();
    ArrayNode metrics = entry.putArray("metrics");
    values.forEach(
        (name, value) ->
            metrics
                .addObject()
                .put("key", MlflowRun.key(name))
                .put("value", value)
                .put("timestamp", now)
                .put("step", step));
    offer(entry);
  }

  private void offer(ObjectNode entry) {
    if (!queue.offer(entry)) {
      dropped++;
    }
  }

  @Override
  public void force() {
    // the spool is for what the server did not take; metrics.jsonl is the record
  }

  @Override
  public void rewind(long step) {
    sentBefore = Math.min(sentBefore, step);
  }

  /** Sends or spools what is left, in bounded time. */
  @Override
  public void close() {
    offer(
        TrainJson.mapper()
            .createObjectNode()
            .put("status", status)
            .put("end_time", clock.millis()));
    sender.finish();
    try {
      thread.join(pace.close().toMillis());
      sender.goOffline();
      client.cancel();
      // from here on it only writes to the disk
      thread.join(SPOOL_MILLIS);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
    if (dropped > 0) {
      LOG.warn(
          "{} entries will be missing in MLflow, because they came faster than they could be"
              + " stored",
          dropped);
    }
  }
}
