package dev.coppice.train.metrics;

import dev.coppice.moe.CoppiceException;
import dev.coppice.moe.ErrorKind;
import java.net.URI;
import java.net.URISyntaxException;
import java.nio.charset.StandardCharsets;
import java.util.Base64;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;

/** The MLflow server of a run, and the log-in there. Prints no password. */
public final class MlflowSettings {
  private static final String DEFAULT_EXPERIMENT = "coppice";

  private final URI uri;
  private final String experiment;
  private final Optional<String> authorization;

  private MlflowSettings(URI uri, String experiment, Optional<String> authorization) {
    this.uri = uri;
    this.experiment = experiment;
    this.authorization = authorization;
  }

  /**
   * The settings of options over environment variables: {@code MLFLOW_TRACKING_URI}, {@code
   * MLFLOW_EXPERIMENT_NAME}, and {@code MLFLOW_TRACKING_TOKEN} or {@code MLFLOW_TRACKING_USERNAME}
   * with {@code MLFLOW_TRACKING_PASSWORD}.
   *
   * @param uri address of the server, before the variable
   * @param experiment name, before the variable; {@code coppice} if neither is given
   * @param environment of the process
   * @return none when there is no address
   * @throws CoppiceException when the address is not one of HTTP, or holds a password
   */
  public static Optional<MlflowSettings> of(
      Optional<String> uri, Optional<String> experiment, Map<String, String> environment) {
    return uri.or(() -> variable(environment, "MLFLOW_TRACKING_URI"))
        .map(
            text ->
                new MlflowSettings(
                    address(text),
                    experiment
                        .or(() -> variable(environment, "MLFLOW_EXPERIMENT_NAME"))
                        .orElse(DEFAULT_EXPERIMENT),
                    authorization(environment)));
  }

  private static Optional<String> variable(Map<String, String> environment, String name) {
    return Optional.ofNullable(environment.get(name)).filter(value -> !value.isBlank());
  }

  private static URI address(String text) {
    try {
      URI uri = new URI(text.strip().replaceAll("/+$", ""));
      String scheme = String.valueOf(uri.getScheme()).toLowerCase(Locale.ROOT);
      if (uri.getRawUserInfo() != null) {
        throw new CoppiceException(
            ErrorKind.REQUEST_INVALID,
            "MLflow's address must hold no password, got one"
                + " (MLFLOW_TRACKING_USERNAME and MLFLOW_TRACKING_PASSWORD are for it)");
      }
      if ((scheme.equals("http") || scheme.equals("https")) && uri.getHost() != null) {
        return uri;
      }
    } catch (URISyntaxException e) {
      throw new CoppiceException(
          ErrorKind.REQUEST_INVALID, "MLflow's address must be a URI, got none", e);
    }
    throw new CoppiceException(
        ErrorKind.REQUEST_INVALID,
        "MLflow's address must begin with http:// or https://, got " + text);
  }

  private static Optional<String> authorization(Map<String, String> environment) {
    Optional<String> token = variable(environment, "MLFLOW_TRACKING_TOKEN");
    if (token.isPresent()) {
      return token.map(secret -> "Bearer " + printable(secret.strip()));
    }
    return variable(environment, "MLFLOW_TRACKING_USERNAME")
        .map(user -> user + ":" + environment.getOrDefault("MLFLOW_TRACKING_PASSWORD", ""))
        .map(pair -> pair.getBytes(StandardCharsets.UTF_8))
        .map(bytes -> "Basic " + Base64.getEncoder().encodeToString(bytes));
  }

  /** A token, which goes into a header as it is; sent nowhere when it cannot. */
  private static String printable(String token) {
    if (!token.chars().allMatch(c -> c > 0x20 && c < 0x7F)) {
      throw new CoppiceException(
          ErrorKind.REQUEST_INVALID,
          "MLFLOW_TRACKING_TOKEN must be printable ASCII, got another text");
    }
    return token;
  }

  /** Address of the server, without a slash at its end. */
  public URI uri() {
    return uri;
  }

  /** Name of the experiment. */
  public String experiment() {
    return experiment;
  }

  Optional<String> authorization() {
    return authorization;
  }

  @Override
  public String toString() {
    return "MLflow at " + uri + ", experiment " + experiment;
  }
}
