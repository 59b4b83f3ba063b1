package dev.coppice.moe.chart;

/** Colour and dash of a line; the page's style sheet gives each its colours, light and dark. */
public enum Tone {
  /** The first colour, for what a report is about. */
  LEAD("lead"),
  /** The second colour, for its rival. */
  RIVAL("rival"),
  /** The third colour, for a second rival. */
  THIRD("third"),
  /** The fourth colour. */
  FOURTH("fourth"),
  /** The fifth colour. */
  FIFTH("fifth"),
  /** The sixth colour. */
  SIXTH("sixth"),
  /** Red, for what went wrong. */
  ALERT("alert"),
  /** Grey and dashed, for a reference. */
  MUTED("muted");

  private final String cssClass;

  Tone(String cssClass) {
    this.cssClass = cssClass;
  }

  String cssClass() {
    return cssClass;
  }
}
