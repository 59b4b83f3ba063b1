package dev.coppice.train.cli;

import static org.assertj.core.api.Assertions.assertThat;

import dev.coppice.train.data.token.TestTokens;
import dev.coppice.train.data.token.TokenFile;
import dev.coppice.train.eval.EvalSpec;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import picocli.CommandLine;
import picocli.CommandLine.Model.CommandSpec;

/** Numbers of windows that are asked for, and those that data has. */
class WindowOptionsTest {
  @TempDir Path folder;

  @Test
  void moreWindowsThanTheDataHasAreRemarkedWithBothNumbers() throws IOException {
    // ten labels: two windows of four, and one of two
    try (TokenFile text = TestTokens.write(folder.resolve("a.tokens"), 256, List.of(new int[11]))) {
      assertThat(note(text, "--windows", "4"))
          .contains(
              "the data has 3 windows of up to 4 tokens, and all are read: --windows asks for 4");
      assertThat(note(text, "--windows", "3")).isEmpty();
      assertThat(note(text)).isEmpty();
    }
  }

  private static Optional<String> note(TokenFile text, String... arguments) {
    WindowOptions options = new WindowOptions();
    CommandSpec mixin = CommandSpec.forAnnotatedObject(options);
    new CommandLine(CommandSpec.create().addMixin("windows", mixin))
        .setCaseInsensitiveEnumValuesAllowed(true)
        .parseArgs(arguments);
    return options.fewer(text, EvalSpec.all(1, 4));
  }
}
