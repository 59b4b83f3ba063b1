package dev.coppice.train.data;

import com.fasterxml.jackson.databind.PropertyNamingStrategies;
import com.fasterxml.jackson.databind.annotation.JsonNaming;
import dev.coppice.moe.CoppiceException;
import dev.coppice.moe.ErrorKind;
import dev.coppice.train.data.foreign.FlatTokens;
import dev.coppice.train.data.foreign.MegatronTokens;
import dev.coppice.train.data.foreign.ScannedTokens;
import dev.coppice.train.data.foreign.TokenTable;
import dev.coppice.train.data.reading.DataForm;
import dev.coppice.train.data.token.PreparationProgress;
import dev.coppice.train.data.token.TokenFile;
import dev.coppice.train.data.token.TokenSequence;
import java.io.IOException;
import java.nio.file.Path;
import org.jspecify.annotations.Nullable;

/**
 * Tokens on disk, and how to read them.
 *
 * @param form one of tokens
 * @param path of them: relative to the run's folder if they lie there, else absolute
 * @param sha256 of them, 64 hexadecimal digits
 * @param tokens number of them
 * @param width bytes a token, where the file does not say
 * @param documentEnd token that ends a document, where the file does not say
 * @param scans folder that keeps what a scan of a foreign file found
 */
@JsonNaming(PropertyNamingStrategies.SnakeCaseStrategy.class)
public record SourceSpec(
    DataForm form,
    String path,
    String sha256,
    long tokens,
    @Nullable Integer width,
    @Nullable Integer documentEnd,
    @Nullable String scans) {

  /** The spec of a token file. */
  static SourceSpec of(TokenSequence file) {
    return new SourceSpec(
        DataForm.TOKENS,
        absolute(file.path()).toString(),
        file.fingerprint(),
        file.tokenCount(),
        null,
        null,
        null);
  }

  /** The same at another place. */
  SourceSpec at(Path other) {
    return new SourceSpec(
        form, absolute(other).toString(), sha256, tokens, width, documentEnd, scans);
  }

  /** The same of what has been read. */
  SourceSpec of(String fingerprint, long count) {
    return new SourceSpec(form, path, fingerprint, count, width, documentEnd, scans);
  }

  private static Path absolute(Path path) {
    return path.toAbsolutePath().normalize();
  }

  /** The same, as a run in a folder will find it again. */
  SourceSpec within(Path runFolder) {
    return new SourceSpec(
        form,
        named(path, runFolder),
        sha256,
        tokens,
        width,
        documentEnd,
        scans == null ? null : named(scans, runFolder));
  }

  private static String named(String path, Path runFolder) {
    Path folder = absolute(runFolder);
    Path file = absolute(Path.of(path));
    return (file.startsWith(folder) ? folder.relativize(file) : file).toString();
  }

  /** The same with absolute paths. */
  SourceSpec from(Path runFolder) {
    Path folder = absolute(runFolder);
    return new SourceSpec(
        form,
        folder.resolve(path).toString(),
        sha256,
        tokens,
        width,
        documentEnd,
        scans == null ? null : folder.resolve(scans).toString());
  }

  /**
   * Opens the tokens and reads them through once, to be sure that they are the same.
   *
   * @throws CoppiceException when they are not
   */
  TokenSequence open() throws IOException {
    TokenSequence opened = unverified(PreparationProgress.NONE);
    if (!opened.fingerprint().equals(sha256)) {
      throw new CoppiceException(
          ErrorKind.INTEGRITY,
          "data of the run must have SHA-256 "
              + sha256
              + ", got "
              + opened.fingerprint()
              + " ("
              + opened.path()
              + ")");
    }
    opened.verify();
    return opened;
  }

  /** Opens the tokens, whatever their fingerprint. */
  TokenSequence unverified(PreparationProgress progress) throws IOException {
    Path file = Path.of(path);
    return switch (form) {
      case TOKENS -> TokenFile.open(file);
      case LLMC -> flat(TokenTable.llmc(file), progress);
      case NPY -> flat(TokenTable.npy(file), progress);
      case NANOGPT -> flat(TokenTable.nanogpt(file, width == null ? 2 : width), progress);
      case MEGATRON ->
          MegatronTokens.open(file, MegatronTokens.indexOf(file), scanFolder(), progress);
      case AUTO, TEXT, JSONL, PARQUET ->
          throw new CoppiceException(
              ErrorKind.INPUT_INVALID, "data of a run must be tokens, got " + form);
    };
  }

  private TokenSequence flat(TokenTable table, PreparationProgress progress) throws IOException {
    int end = documentEnd == null ? -1 : documentEnd;
    return new FlatTokens(table, ScannedTokens.of(table, end, scanFolder(), progress));
  }

  private Path scanFolder() {
    if (scans == null) {
      throw new CoppiceException(
          ErrorKind.INPUT_INVALID, "data of form " + form + " must name its scans, got none");
    }
    return Path.of(scans);
  }
}
