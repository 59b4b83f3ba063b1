package dev.coppice.moe.checkpoint;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import com.google.common.collect.ImmutableSortedMap;
import dev.coppice.moe.folder.JsonFiles;
import dev.coppice.moe.safetensors.CheckpointFormatException;
import java.io.IOException;
import java.math.BigInteger;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;
import org.junit.jupiter.api.Test;

class CoppiceRecordTest {
  private static final Path FILE = Path.of("coppice.json");
  private static final BigInteger HUGE = BigInteger.TEN.pow(24);

  @Test
  void growthSinksWhatWasExtra() {
    ComputeLedger ledger =
        ComputeLedger.empty()
            .plus(new ComputeLedger.Entry("train", HUGE, 5, true))
            .plus(new ComputeLedger.Entry("continue-train", BigInteger.TWO, 7, false));
    assertThat(ledger.sunkFlops()).isEqualTo(HUGE);
    assertThat(ledger.extraFlops()).isEqualTo(BigInteger.TWO);
    assertThat(ledger.sunkenAll().sunkFlops()).isEqualTo(HUGE.add(BigInteger.TWO));
    assertThat(ledger.sunkenAll().extraFlops()).isEqualTo(BigInteger.ZERO);
  }

  @Test
  void aRecordSurvivesItsFile() throws IOException {
    ObjectMapper json = new ObjectMapper();
    ObjectNode tree = json.createObjectNode().put("operator", "interpose");
    CoppiceRecord record =
        CoppiceRecord.of(
            ComputeLedger.empty()
                .plus(new ComputeLedger.Entry("train", HUGE, 5, true))
                .plus(
                    new ComputeLedger.Entry(
                        "continue-train",
                        BigInteger.TEN,
                        5,
                        false,
                        ImmutableSortedMap.of(ComputeLedger.FORWARD, BigInteger.TWO))),
            Optional.of(new Lineage(tree)));
    String text = JsonFiles.print(record.toJson());
    assertThat(CoppiceRecord.fromJson((ObjectNode) json.readTree(text), FILE)).isEqualTo(record);
  }

  @Test
  void aRecordKeepsHowTextWasGiven() throws IOException {
    for (Optional<Reading.Ends> ends :
        List.of(
            Optional.<Reading.Ends>empty(),
            Optional.of(new Reading.Ends(OptionalInt.empty(), OptionalInt.of(7))))) {
      CoppiceRecord record =
          CoppiceRecord.of(ComputeLedger.empty(), Optional.empty())
              .withReading(Optional.of(new Reading(false, ends)));
      ObjectNode tree = (ObjectNode) new ObjectMapper().readTree(JsonFiles.print(record.toJson()));
      assertThat(CoppiceRecord.fromJson(tree, FILE)).isEqualTo(record);
      tree.putObject("reading").put("document_mask", "yes");
      assertThatThrownBy(() -> CoppiceRecord.fromJson(tree, FILE))
          .hasMessageContaining("reading must have document_mask");
    }
  }

  @Test
  void aNewerFormIsRefused() {
    ObjectNode tree = new ObjectMapper().createObjectNode().put("schema_version", 2);
    assertThatThrownBy(() -> CoppiceRecord.fromJson(tree, FILE))
        .isInstanceOf(CheckpointFormatException.class)
        .hasMessage("coppice.json: schema_version must be 1 to 1, got 2");
  }
}
