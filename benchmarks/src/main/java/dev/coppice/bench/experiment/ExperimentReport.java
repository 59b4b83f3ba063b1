package dev.coppice.bench.experiment;

import java.nio.file.Path;

/** The text of a finished experiment in the terminal. */
public final class ExperimentReport {
  private ExperimentReport() {}

  /**
   * Table, verdict, and where the rest is.
   *
   * @param results of the experiment
   * @param folder that was written
   */
  public static String text(ExperimentResults results, Path folder) {
    return String.join(
        "\n",
        ResultsTable.of(results).console(),
        "",
        results.verdict(),
        "Documents: " + documents(results),
        "Report: " + folder.resolve("report.html"),
        "To run this again to the bit: --seed "
            + results.seed()
            + " --base-budget "
            + results.budgets().baseFlops()
            + " --extra-budget "
            + results.budgets().extraFlops()
            + (results.config().training().documentMask() ? "" : " --no-document-mask"));
  }

  /** The document mask in words. */
  static String documents(ExperimentResults results) {
    return results.config().training().documentMask()
        ? "tokens attend to their own document only, in training and evaluation"
        : "tokens attend to all documents of their window, in training and evaluation";
  }
}
