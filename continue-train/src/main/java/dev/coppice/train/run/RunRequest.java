package dev.coppice.train.run;

import dev.coppice.train.budget.Budget;
import dev.coppice.train.data.TrainingData;
import dev.coppice.train.data.token.TokenFile;
import dev.coppice.train.spec.TrainSpec;
import java.nio.file.Path;

/**
 * Inputs of a new run.
 *
 * @param spec how it trains
 * @param checkpoint of its start
 * @param data of its training
 * @param budget of the run
 * @param out where it writes
 */
record RunRequest(TrainSpec spec, Path checkpoint, TrainingData data, Budget budget, Path out) {
  /** A request for a run on one token file. */
  RunRequest(TrainSpec spec, Path checkpoint, TokenFile data, Budget budget, Path out) {
    this(spec, checkpoint, TrainingData.of(data), budget, out);
  }
}
