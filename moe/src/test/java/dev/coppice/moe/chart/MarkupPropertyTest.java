package dev.coppice.moe.chart;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.StringReader;
import javax.xml.parsers.DocumentBuilderFactory;
import net.jqwik.api.Example;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import org.xml.sax.InputSource;

final class MarkupPropertyTest {

  @Property
  void anyTextIsWellFormedAsContentAndAttribute(@ForAll String text) throws Exception {
    String escaped = Markup.escape(text);
    String document = "<a b=\"" + escaped + "\">" + escaped + "</a>";

    var parsed =
        DocumentBuilderFactory.newInstance()
            .newDocumentBuilder()
            .parse(new InputSource(new StringReader(document)));

    assertThat(parsed.getDocumentElement().getChildNodes().getLength()).isLessThanOrEqualTo(1);
  }

  @Example
  void controlCharactersAreReplaced() {
    assertThat(Markup.escape("a\u0000\u001b<")).isEqualTo("a\uFFFD\uFFFD&lt;");
  }

  @Example
  void zeroHasNoSign() {
    assertThat(Markup.place(-0.01)).isEqualTo("0.0");
  }
}
