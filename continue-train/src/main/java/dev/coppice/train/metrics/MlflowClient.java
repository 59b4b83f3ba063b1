package dev.coppice.train.metrics;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.coppice.train.TrainJson;
import java.io.IOException;
import java.io.InterruptedIOException;
import java.net.URI;
import java.net.URLEncoder;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.Locale;
import java.util.concurrent.CancellationException;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import org.jspecify.annotations.Nullable;

/**
 * Asks an MLflow server, one request at a time, each with a limit of time and of answer.
 *
 * <p><b>Source</b>: MLflow REST API 2.0.
 */
final class MlflowClient {
  private static final String API = "/api/2.0/mlflow/";
  private static final int MAX_ANSWER_BYTES = 1 << 20;

  private final MlflowSettings settings;
  private final Duration timeout;
  private final HttpClient http;
  private volatile boolean closed;
  private volatile @Nullable CompletableFuture<HttpResponse<String>> asked;

  MlflowClient(MlflowSettings settings, Duration timeout) {
    this.settings = settings;
    this.timeout = timeout;
    // redirects are not followed, so that a token goes nowhere else
    this.http =
        HttpClient.newBuilder()
            .version(HttpClient.Version.HTTP_1_1)
            .followRedirects(HttpClient.Redirect.NEVER)
            .connectTimeout(timeout)
            .build();
  }

  JsonNode get(String method, String name, String value) throws IOException {
    String query = name + "=" + URLEncoder.encode(value, StandardCharsets.UTF_8);
    return send(request(method + "?" + query).GET().build());
  }

  JsonNode post(String method, ObjectNode body) throws IOException {
    String json = TrainJson.mapper().writer().withDefaultPrettyPrinter().writeValueAsString(body);
    return send(
        request(method)
            .header("Content-Type", "application/json")
            .POST(BodyPublishers.ofString(json))
            .build());
  }

  /** Ends the request that is under way, and any later one. From any thread. */
  void cancel() {
    closed = true;
    CompletableFuture<HttpResponse<String>> future = asked;
    if (future != null) {
      future.cancel(true);
    }
  }

  private HttpRequest.Builder request(String method) {
    HttpRequest.Builder request =
        HttpRequest.newBuilder(URI.create(settings.uri() + API + method)).timeout(timeout);
    settings.authorization().ifPresent(value -> request.header("Authorization", value));
    return request;
  }

  private JsonNode send(HttpRequest request) throws IOException {
    CompletableFuture<HttpResponse<String>> future =
        http.sendAsync(request, info -> new LimitedText(MAX_ANSWER_BYTES));
    asked = future;
    if (closed) {
      future.cancel(true);
    }
    try {
      // the request's own timeout ends with the headers, this one with the body
      HttpResponse<String> answer = future.get(2 * timeout.toMillis(), TimeUnit.MILLISECONDS);
      return read(answer);
    } catch (ExecutionException | CancellationException e) {
      throw new IOException("no answer: " + (e.getCause() == null ? e : e.getCause()), e);
    } catch (TimeoutException e) {
      future.cancel(true);
      throw new IOException("no whole answer in time", e);
    } catch (InterruptedException e) {
      future.cancel(true);
      Thread.currentThread().interrupt();
      throw new InterruptedIOException("interrupted");
    }
  }

  private static JsonNode read(HttpResponse<String> answer) throws IOException {
    if (answer.statusCode() != 200) {
      throw new Refusal(answer.statusCode(), answer.body());
    }
    try {
      JsonNode tree = TrainJson.mapper().readTree(answer.body());
      if (tree.isObject()) {
        return tree;
      }
    } catch (JsonProcessingException e) {
      throw new IOException("answer must be JSON, got " + brief(answer.body()), e);
    }
    throw new IOException("answer must be a JSON object, got " + brief(answer.body()));
  }

  private static String brief(String text) {
    return text.substring(0, Math.min(200, text.length())).replaceAll("\\p{Cntrl}", " ");
  }

  /** An answer that is no success. */
  static final class Refusal extends IOException {
    private static final long serialVersionUID = 1;

    private final int status;
    private final boolean exists;

    Refusal(int status, String body) {
      super(String.format(Locale.ROOT, "status %d: %s", status, brief(body)));
      this.status = status;
      this.exists = body.contains("RESOURCE_ALREADY_EXISTS");
    }

    boolean isMissing() {
      return status == 404;
    }

    boolean isExisting() {
      return exists;
    }

    /** Whether the same request can never succeed. */
    boolean isFinal() {
      return status == 400 || status == 413 || status == 422;
    }
  }
}
