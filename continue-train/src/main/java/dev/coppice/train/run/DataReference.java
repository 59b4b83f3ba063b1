package dev.coppice.train.run;

import com.fasterxml.jackson.databind.PropertyNamingStrategies;
import com.fasterxml.jackson.databind.annotation.JsonNaming;
import dev.coppice.moe.CoppiceException;
import dev.coppice.moe.ExitCode;
import dev.coppice.train.data.TokenFile;
import java.io.IOException;
import java.nio.file.Path;

/**
 * Which data a run reads.
 *
 * @param path of the token file: relative to the run's folder if it lies there, else absolute
 * @param sha256 of the token file, 64 hexadecimal digits
 * @param tokens in it
 */
@JsonNaming(PropertyNamingStrategies.SnakeCaseStrategy.class)
record DataReference(String path, String sha256, long tokens) {

  /** Names a file as a run in a folder will find it again. */
  static DataReference to(TokenFile data, Path runFolder) {
    Path file = data.path().toAbsolutePath().normalize();
    Path folder = runFolder.toAbsolutePath().normalize();
    Path named = file.startsWith(folder) ? folder.relativize(file) : file;
    return new DataReference(named.toString(), data.fingerprint(), data.tokenCount());
  }

  /**
   * Opens the file and reads it through once, to be sure that it is the same.
   *
   * @throws CoppiceException when it is not
   */
  TokenFile open(Path runFolder) throws IOException {
    TokenFile file = TokenFile.open(runFolder.toAbsolutePath().resolve(path));
    if (!file.fingerprint().equals(sha256)) {
      throw new CoppiceException(
          ExitCode.INTEGRITY,
          "data of the run must have SHA-256 "
              + sha256
              + ", got "
              + file.fingerprint()
              + " ("
              + file.path()
              + ")");
    }
    file.verify();
    return file;
  }
}
