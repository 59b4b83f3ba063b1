package dev.coppice.moe.io;

import static org.assertj.core.api.Assertions.assertThat;

import com.google.common.hash.Hashing;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Random;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class HashesTest {
  @TempDir Path folder;

  @ParameterizedTest
  @ValueSource(ints = {0, 1, 262_143, 262_144, 262_145, 600_000})
  void hashesAllBytesOfAFile(int length) throws IOException {
    byte[] bytes = new byte[length];
    new Random(length).nextBytes(bytes);
    Path file = Files.write(folder.resolve("file"), bytes);

    assertThat(Hashes.sha256(file))
        .isEqualTo(new Hashes.Sum<>(length, Hashing.sha256().hashBytes(bytes).toString()));
    assertThat(Hashes.crc32c(file))
        .isEqualTo(new Hashes.Sum<>(length, Hashing.crc32c().hashBytes(bytes).padToLong()));
  }

  @ParameterizedTest
  @ValueSource(ints = {0, 1, 2})
  void endsEarlyWhereItIsToldTo(int chunks) throws IOException {
    Path file = Files.write(folder.resolve("file"), new byte[600_000]);
    int[] left = {chunks};

    assertThat(Hashes.read(file, chunk -> left[0]--, () -> left[0] == 0))
        .isEqualTo(262_144L * chunks);
  }
}
