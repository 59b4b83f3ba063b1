package dev.coppice.train.cli;

import dev.coppice.moe.CoppiceException;
import dev.coppice.train.metrics.MlflowSettings;
import java.util.Optional;
import picocli.CommandLine.Option;

/**
 * Where a run's metrics are sent, as well as to its folder. Mix into a command with {@code @Mixin}.
 */
final class MlflowOptions {
  @Option(
      names = "--mlflow",
      paramLabel = "URI",
      description =
          "MLflow server that gets the run's metrics (default: $MLFLOW_TRACKING_URI,"
              + " else none). Its failures never stop the run. Metrics that it does not accept"
              + " are kept in RUN and sent later.")
  private Optional<String> uri = Optional.empty();

  @Option(
      names = "--mlflow-experiment",
      paramLabel = "NAME",
      description = "MLflow experiment (default: $MLFLOW_EXPERIMENT_NAME, else coppice).")
  private Optional<String> experiment = Optional.empty();

  /**
   * The server, if there is one.
   *
   * @throws CoppiceException when its address is not one of HTTP
   */
  Optional<MlflowSettings> settings() {
    return MlflowSettings.of(uri, experiment, System.getenv());
  }
}
