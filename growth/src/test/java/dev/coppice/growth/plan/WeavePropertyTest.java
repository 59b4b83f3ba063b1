package dev.coppice.growth.plan;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.coppice.growth.plan.Weave.Order;
import java.util.ArrayList;
import java.util.List;
import net.jqwik.api.Arbitraries;
import net.jqwik.api.Arbitrary;
import net.jqwik.api.Combinators;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.Provide;
import org.junit.jupiter.api.Test;

public class WeavePropertyTest {
  public static Arbitrary<Weave> arbitrary() {
    return Combinators.combine(
            Arbitraries.integers().between(1, 12),
            Arbitraries.integers().between(1, 40),
            Arbitraries.integers().between(1, 3),
            Arbitraries.of(Order.values()))
        .as((rows, columns, strands, order) -> new Weave(rows, columns, strands, order));
  }

  @Provide
  Arbitrary<Weave> weaves() {
    return arbitrary();
  }

  /** Strand and index of every element, in order, from the definition in words. */
  public static List<long[]> places(Weave weave) {
    List<long[]> places = new ArrayList<>();
    boolean plain = weave.order() == Order.PLAIN;
    boolean turns = weave.order() == Order.TRANSPOSED_ALTERNATING;
    for (long line = 0; line < (plain ? weave.strands() : weave.columns()); line++) {
      for (long outer = 0; outer < (plain || turns ? weave.rows() : weave.strands()); outer++) {
        long within = plain ? weave.columns() : turns ? weave.strands() : weave.rows();
        for (long inner = 0; inner < within; inner++) {
          long strand = plain ? line : turns ? inner : outer;
          long row = plain || turns ? outer : inner;
          long column = plain ? inner : line;
          places.add(new long[] {strand, row * weave.columns() + column});
        }
      }
    }
    return places;
  }

  @Property
  void everyElementHasItsPlace(@ForAll("weaves") Weave weave) {
    List<long[]> places = places(weave);
    assertThat(weave.elements()).isEqualTo(places.size());
    for (int i = 0; i < places.size(); i++) {
      assertThat((long) weave.strand(i)).isEqualTo(places.get(i)[0]);
      assertThat(weave.index(i)).isEqualTo(places.get(i)[1]);
    }
  }

  @Property
  void piecesHoldEachElementOfAStretchOnce(@ForAll("weaves") Weave weave, @ForAll int cut) {
    List<long[]> places = places(weave);
    int first = Math.floorMod(cut, places.size());
    int count = Math.floorMod(cut / 7, places.size() - first + 1);
    List<Integer> seen = new ArrayList<>();
    long[] lastColumn = new long[(int) (weave.strands() * weave.rows())];
    weave.pieces(
        first,
        count,
        piece -> {
          for (int i = 0; i < piece.count(); i++) {
            int offset = piece.offset() + i * piece.step();
            long index = piece.index() + i * piece.indexStep();
            seen.add(offset);
            long[] place = places.get(first + offset);
            assertThat(new long[] {piece.strand(), index}).isEqualTo(place);
            int row = (int) (piece.strand() * weave.rows() + index / weave.columns());
            assertThat(1 + index % weave.columns()).isGreaterThan(lastColumn[row]);
            lastColumn[row] = 1 + index % weave.columns();
          }
        });
    assertThat(seen).hasSize(count).doesNotHaveDuplicates();
  }

  @Test
  void refusesWhatIsNoWeave() {
    assertThatThrownBy(() -> Weave.plain(0, 3))
        .hasMessage("weave must have rows, columns and strands, got 0, 3 and 1");
    assertThatThrownBy(() -> Weave.plain(2, 3).pieces(4, 3, piece -> {}))
        .hasMessage("stretch must lie within the 6 elements of a weave, got 3 at 4");
  }
}
