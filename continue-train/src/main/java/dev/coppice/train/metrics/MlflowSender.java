package dev.coppice.train.metrics;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.coppice.train.TrainJson;
import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Takes entries from a queue and sends them, on a thread of its own; what cannot be sent is spooled
 * and tried again, ever more rarely.
 */
final class MlflowSender implements Runnable {
  /** Entries a request: at most 900 metrics and 50 tags, within the limits of the server. */
  private static final int ENTRIES_A_REQUEST = 50;

  private static final Logger LOG = LoggerFactory.getLogger(MlflowSender.class);

  private final BlockingQueue<ObjectNode> queue;
  private final MlflowRun run;
  private final MlflowSpool spool;
  private final Pace pace;
  private volatile boolean closing;
  private volatile boolean offline;
  private long nextTry = System.nanoTime();
  private Duration wait;
  private boolean warned;
  private boolean full;

  MlflowSender(BlockingQueue<ObjectNode> queue, MlflowRun run, MlflowSpool spool, Pace pace) {
    this.queue = queue;
    this.run = run;
    this.spool = spool;
    this.pace = pace;
    this.wait = pace.firstRetry();
  }

  /** Asks for the end once the queue is empty. */
  void finish() {
    closing = true;
  }

  /** From now on nothing is sent, only spooled. */
  void goOffline() {
    offline = true;
  }

  @Override
  public void run() {
    try (spool) {
      while (!closing || !queue.isEmpty()) {
        deliver(collect());
      }
      nextTry = System.nanoTime();
      deliver(List.of());
    } catch (IOException e) {
      LOG.warn("MLflow's spool cannot be closed: {}", e.toString());
    }
  }

  /** What comes within a moment, at most a request's worth. */
  private List<ObjectNode> collect() {
    List<ObjectNode> entries = new ArrayList<>();
    long end = System.nanoTime() + pace.collect().toNanos();
    while (entries.size() < ENTRIES_A_REQUEST) {
      ObjectNode entry = closing ? queue.poll() : poll(end - System.nanoTime());
      if (entry == null) {
        break;
      }
      entries.add(entry);
      if (entry.has("end_time")) {
        break;
      }
    }
    return entries;
  }

  private @Nullable ObjectNode poll(long nanos) {
    try {
      return queue.poll(nanos, TimeUnit.NANOSECONDS);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      return null;
    }
  }

  private void deliver(List<ObjectNode> entries) {
    if (entries.isEmpty() && spool.isEmpty()) {
      return;
    }
    if (offline || nextTry - System.nanoTime() > 0) {
      keep(entries);
      return;
    }
    List<ObjectNode> rest = entries;
    try {
      run.ensure();
      while (!spool.isEmpty()) {
        MlflowSpool.Part part = spool.peek(ENTRIES_A_REQUEST);
        send(part.entries());
        spool.forget(part);
      }
      send(rest);
      rest = List.of();
      wait = pace.firstRetry();
      run.keepLastStep(lastStep(entries));
    } catch (IOException | RuntimeException e) {
      failed(e);
      keep(rest);
    }
  }

  private void failed(Exception e) {
    nextTry = System.nanoTime() + wait.toNanos();
    wait = min(wait.multipliedBy(2), pace.lastRetry());
    if (!warned) {
      warned = true;
      LOG.warn(
          "MLflow does not take the run's metrics, which are kept to be sent: {}", e.toString());
    }
  }

  private static Duration min(Duration a, Duration b) {
    return a.compareTo(b) < 0 ? a : b;
  }

  private void keep(List<ObjectNode> entries) {
    try {
      spool.add(entries);
      run.keepLastStep(lastStep(entries));
    } catch (IOException e) {
      if (!full) {
        full = true;
        LOG.warn(
            "some metrics will be missing in MLflow, because they cannot be spooled: {}",
            e.toString());
      }
    }
  }

  private void send(List<ObjectNode> entries) throws IOException {
    ObjectNode batch = TrainJson.mapper().createObjectNode();
    for (ObjectNode entry : entries) {
      if (entry.has("status")) {
        sendBatch(batch);
        batch = TrainJson.mapper().createObjectNode();
        run.sendUpdate(entry.deepCopy());
      } else {
        append(batch, entry, "metrics");
        append(batch, entry, "tags");
      }
    }
    sendBatch(batch);
  }

  private static void append(ObjectNode batch, ObjectNode entry, String name) {
    if (entry.path(name) instanceof ArrayNode more) {
      batch.withArray(name).addAll(more);
    }
  }

  private void sendBatch(ObjectNode batch) throws IOException {
    if (batch.isEmpty()) {
      return;
    }
    run.sendBatch(batch);
  }

  private static long lastStep(List<ObjectNode> entries) {
    long last = 0;
    for (ObjectNode entry : entries) {
      for (JsonNode metric : entry.path("metrics")) {
        last = metric.path("step").asLong();
      }
    }
    return last;
  }

  /**
   * How fast things go.
   *
   * @param request most time for an answer to begin, and again for it to end
   * @param collect time in which entries are gathered for a request
   * @param firstRetry wait after a failure; doubled after each further one
   * @param lastRetry longest wait
   * @param close most time to send what is left at the end; the rest is spooled
   */
  record Pace(
      Duration request, Duration collect, Duration firstRetry, Duration lastRetry, Duration close) {
    static final Pace DEFAULT =
        new Pace(
            Duration.ofSeconds(10),
            Duration.ofSeconds(2),
            Duration.ofSeconds(2),
            Duration.ofMinutes(2),
            Duration.ofSeconds(5));
  }
}
