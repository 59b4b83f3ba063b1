package dev.coppice.train.metrics;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.atomic.AtomicInteger;

/** An MLflow server in memory that holds its limits, and misbehaves when told to. */
final class FakeMlflow implements AutoCloseable {
  /** How the server answers. */
  enum Mood {
    WELL,
    ERROR,
    GARBAGE,
    HTML,
    FOREIGN_OBJECT,
    ENDLESS,
    HANG,
    TAKE_AND_HANG_UP,
    REFUSE_BATCH
  }

  private final ObjectMapper json = new ObjectMapper();
  private final HttpServer server;
  private final ExecutorService threads = Executors.newCachedThreadPool();
  private final CountDownLatch end = new CountDownLatch(1);
  private final Map<String, String> experiments = new HashMap<>();
  private final Map<String, Map<String, TreeSet<String>>> metrics = new TreeMap<>();
  private final Map<String, String> params = new TreeMap<>();
  private final Map<String, String> tags = new TreeMap<>();
  private final List<String> states = new ArrayList<>();
  private final List<String> complaints = Collections.synchronizedList(new ArrayList<>());
  private final List<String> authorizations = Collections.synchronizedList(new ArrayList<>());
  private volatile Mood mood = Mood.WELL;
  private final AtomicInteger requests = new AtomicInteger();

  FakeMlflow() throws IOException {
    server = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
    server.setExecutor(threads);
    server.createContext("/", this::handle);
    server.start();
  }

  String uri() {
    return "http://127.0.0.1:" + server.getAddress().getPort();
  }

  void become(Mood next) {
    mood = next;
  }

  int requests() {
    return requests.get();
  }

  synchronized List<String> states() {
    return List.copyOf(states);
  }

  synchronized Map<String, String> params() {
    return Map.copyOf(params);
  }

  synchronized Map<String, String> tags() {
    return Map.copyOf(tags);
  }

  List<String> complaints() {
    return List.copyOf(complaints);
  }

  List<String> authorizations() {
    return List.copyOf(authorizations);
  }

  /** Runs that have metrics. */
  synchronized List<String> runs() {
    return List.copyOf(metrics.keySet());
  }

  /** Distinct entries of a curve, as MLflow tells them apart. */
  synchronized List<String> curve(String run, String key) {
    return List.copyOf(metrics.getOrDefault(run, Map.of()).getOrDefault(key, new TreeSet<>()));
  }

  private void handle(HttpExchange exchange) throws IOException {
    String body = new String(exchange.getRequestBody().readAllBytes(), StandardCharsets.UTF_8);
    requests.incrementAndGet();
    authorizations.add(String.valueOf(exchange.getRequestHeaders().getFirst("Authorization")));
    switch (mood) {
      case WELL -> answer(exchange, body);
      case ERROR -> reply(exchange, 500, "{\"error_code\":\"INTERNAL_ERROR\"}");
      case GARBAGE -> reply(exchange, 200, "\u0000{[nonsense");
      case HTML -> reply(exchange, 200, "<!DOCTYPE html><p>Please log in</p>");
      case FOREIGN_OBJECT -> reply(exchange, 200, "{\"experiment\":7,\"run\":[],\"x\":null}");
      case ENDLESS -> endless(exchange);
      case HANG -> await();
      case TAKE_AND_HANG_UP -> {
        take(exchange, body);
        exchange.close();
      }
      case REFUSE_BATCH -> {
        if (exchange.getRequestURI().getPath().endsWith("log-batch")) {
          reply(exchange, 400, "{\"error_code\":\"INVALID_PARAMETER_VALUE\"}");
        } else {
          answer(exchange, body);
        }
      }
    }
  }

  private void await() {
    try {
      end.await();
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  private static void endless(HttpExchange exchange) throws IOException {
    exchange.sendResponseHeaders(200, 0);
    byte[] spaces = " ".repeat(1 << 16).getBytes(StandardCharsets.UTF_8);
    while (true) {
      exchange.getResponseBody().write(spaces);
    }
  }

  private static void reply(HttpExchange exchange, int status, String text) throws IOException {
    byte[] bytes = text.getBytes(StandardCharsets.UTF_8);
    exchange.sendResponseHeaders(status, bytes.length);
    exchange.getResponseBody().write(bytes);
    exchange.close();
  }

  private void answer(HttpExchange exchange, String body) throws IOException {
    String text = take(exchange, body);
    reply(exchange, text.isEmpty() ? 404 : 200, text.isEmpty() ? "{}" : text);
  }

  private synchronized String take(HttpExchange exchange, String body) {
    String method = exchange.getRequestURI().getPath().replace("/api/2.0/mlflow/", "");
    JsonNode tree = tree(body);
    return switch (method) {
      case "experiments/get-by-name" -> {
        String id = experiments.get(exchange.getRequestURI().getQuery().split("=", 2)[1]);
        yield id == null ? "" : "{\"experiment\":{\"experiment_id\":\"" + id + "\"}}";
      }
      case "experiments/create" -> {
        experiments.put(tree.path("name").asText(), "e1");
        yield "{\"experiment_id\":\"e1\"}";
      }
      case "runs/create" -> {
        String id = "r" + (states.size() + 1);
        states.add("RUNNING");
        yield "{\"run\":{\"info\":{\"run_id\":\"" + id + "\"}}}";
      }
      case "runs/log-batch" -> batch(tree, body.length());
      case "runs/update" -> {
        states.add(tree.path("status").asText());
        yield "{}";
      }
      default -> {
        complaints.add("unknown method " + method);
        yield "{}";
      }
    };
  }

  private JsonNode tree(String body) {
    try {
      return json.readTree(body);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private String batch(JsonNode tree, int size) {
    int metricCount = tree.path("metrics").size();
    int paramCount = tree.path("params").size();
    int tagCount = tree.path("tags").size();
    check(size <= 1 << 20, "size " + size);
    check(metricCount <= 1000 && paramCount <= 100 && tagCount <= 100, "counts");
    check(metricCount + paramCount + tagCount <= 1000, "entities");
    for (JsonNode metric : tree.path("metrics")) {
      checkKey(metric.path("key").asText());
      check(metric.path("value").isNumber() && metric.path("timestamp").isLong(), "metric");
      metrics
          .computeIfAbsent(tree.path("run_id").asText(), k -> new TreeMap<>())
          .computeIfAbsent(metric.path("key").asText(), k -> new TreeSet<>())
          .add(metric.path("step") + "@" + metric.path("timestamp") + "=" + metric.path("value"));
    }
    for (JsonNode param : tree.path("params")) {
      checkKey(param.path("key").asText());
      check(param.path("value").asText().length() <= 500, "param length");
      String old = params.put(param.path("key").asText(), param.path("value").asText());
      check(old == null || old.equals(param.path("value").asText()), "param changed");
    }
    for (JsonNode tag : tree.path("tags")) {
      checkKey(tag.path("key").asText());
      check(tag.path("value").asText().length() <= 5000, "tag length");
      tags.put(tag.path("key").asText(), tag.path("value").asText());
    }
    return "{}";
  }

  private void checkKey(String key) {
    check(key.matches("[/\\w.\\- ]{1,250}"), "key " + key);
    // as MLflow does: a key must be a path that is written in the shortest way
    check(Path.of(key).normalize().toString().equals(key) && !key.startsWith("/"), "path " + key);
  }

  private void check(boolean rule, String name) {
    if (!rule) {
      complaints.add(name);
    }
  }

  @Override
  public void close() {
    end.countDown();
    server.stop(0);
    threads.shutdownNow();
  }
}
