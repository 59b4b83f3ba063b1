package dev.coppice.moe.chart;

import static dev.coppice.moe.chart.Markup.escape;
import static dev.coppice.moe.chart.Markup.place;

/** Writes the elements of one chart, in order; places are shares of the plot, 0 to 1. */
final class SvgCanvas {
  private final Frame frame;
  private final StringBuilder out = new StringBuilder(4096);

  SvgCanvas(Frame frame, String title) {
    this.frame = frame;
    String id = "chart-" + Markup.slug(title);
    out.append("<svg class=\"chart\" role=\"img\" aria-labelledby=\"").append(id);
    out.append("\" viewBox=\"0 0 ").append(frame.width()).append(' ').append(frame.height());
    out.append("\" xmlns=\"http://www.w3.org/2000/svg\">\n");
    out.append("<title id=\"").append(id).append("\">").append(escape(title)).append("</title>\n");
  }

  String position(double x, double y) {
    return place(frame.x(x)) + "," + place(frame.y(y));
  }

  void horizontalAxis(Ticks ticks, String label) {
    for (double value : ticks.values()) {
      double x = frame.x(ticks.place(value));
      line("grid", x, frame.y(0), x, frame.y(0) + 5);
      text("tick middle", x, frame.y(0) + 20, ticks.label(value));
    }
    line("axis", frame.x(0), frame.y(0), frame.x(1), frame.y(0));
    text("label middle", (frame.x(0) + frame.x(1)) / 2, frame.height() - 10, label);
  }

  void verticalAxis(Ticks ticks, String label) {
    for (double value : ticks.values()) {
      double y = frame.y(ticks.place(value));
      line("grid", frame.x(0), y, frame.x(1), y);
      text("tick end", frame.x(0) - 8, y + 4, ticks.label(value));
    }
    double middle = (frame.y(0) + frame.y(1)) / 2;
    out.append("<text class=\"label middle\" transform=\"translate(14 ").append(place(middle));
    out.append(") rotate(-90)\">").append(escape(label)).append("</text>\n");
  }

  void polyline(Series line, String positions) {
    String css = line.mark() == Series.Mark.FAINT ? "line faint " : "line ";
    out.append("<polyline class=\"").append(css).append(line.tone().cssClass());
    out.append("\" points=\"").append(positions).append("\"/>\n");
  }

  void dot(Tone tone, double x, double y) {
    circle(tone, frame.x(x), frame.y(y));
  }

  private void circle(Tone tone, double x, double y) {
    out.append("<circle class=\"dot ").append(tone.cssClass()).append("\" cx=\"");
    out.append(place(x)).append("\" cy=\"").append(place(y)).append("\" r=\"3\"/>\n");
  }

  /** A horizontal bar with end marks around a dot: a value and its interval. */
  void interval(Tone tone, double low, double middle, double high, double y) {
    double row = frame.y(y);
    String css = "line " + tone.cssClass();
    line(css, frame.x(low), row, frame.x(high), row);
    line(css, frame.x(low), row - 6, frame.x(low), row + 6);
    line(css, frame.x(high), row - 6, frame.x(high), row + 6);
    out.append("<circle class=\"dot ").append(tone.cssClass()).append("\" cx=\"");
    out.append(place(frame.x(middle))).append("\" cy=\"").append(place(row));
    out.append("\" r=\"5\"/>\n");
  }

  void rowLabel(double y, String label) {
    text("row end", frame.x(0) - 12, frame.y(y) + 4, label);
  }

  void legend(Legend legend) {
    for (Legend.Entry entry : legend.entries()) {
      Series line = entry.series();
      if (line.mark() == Series.Mark.DOTS) {
        circle(line.tone(), entry.x() + 11, entry.y());
      } else {
        line("line " + line.tone().cssClass(), entry.x(), entry.y(), entry.x() + 22, entry.y());
      }
      text("row", entry.x() + 28, entry.y() + 4, line.name());
    }
  }

  String finish() {
    return out.append("</svg>\n").toString();
  }

  private void line(String css, double x1, double y1, double x2, double y2) {
    out.append("<line class=\"").append(css).append("\" x1=\"").append(place(x1));
    out.append("\" y1=\"").append(place(y1)).append("\" x2=\"").append(place(x2));
    out.append("\" y2=\"").append(place(y2)).append("\"/>\n");
  }

  private void text(String css, double x, double y, String content) {
    out.append("<text class=\"").append(css).append("\" x=\"").append(place(x));
    out.append("\" y=\"").append(place(y)).append("\">").append(escape(content));
    out.append("</text>\n");
  }
}
