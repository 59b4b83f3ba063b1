package dev.coppice.train.data.token;

import com.google.common.base.Strings;
import dev.coppice.moe.CoppiceException;
import dev.coppice.moe.io.DurableFiles;
import dev.coppice.moe.io.Folders;
import java.io.IOException;
import java.nio.file.FileSystemException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Token files that were made before, by the fingerprint of all that they were made of.
 *
 * <p>An entry is a folder {@code KEY} with {@code text.tokens}; it is made under a hidden name and
 * appears whole. Entries are read through before use; a damaged one is named, removed and made
 * again. Processes may share a cache: if two make one entry, the later result is dropped.
 */
public final class TokenCache {
  private static final Logger LOG = LoggerFactory.getLogger(TokenCache.class);
  private static final String FILE = "text.tokens";

  private final Path folder;

  /**
   * A cache.
   *
   * @param folder made when it is needed
   */
  public TokenCache(Path folder) {
    this.folder = folder.toAbsolutePath().normalize();
  }

  /**
   * Where the user's cache is: {@code COPPICE_CACHE} (or the property {@code coppice.cache}), else
   * {@code coppice} in {@code XDG_CACHE_HOME} or in {@code ~/.cache}.
   */
  public static Path standard() {
    Optional<String> named =
        Optional.ofNullable(System.getProperty("coppice.cache"))
            .or(() -> Optional.ofNullable(System.getenv("COPPICE_CACHE")))
            .filter(name -> !name.isBlank());
    if (named.isPresent()) {
      return Path.of(named.get());
    }
    String caches = Strings.nullToEmpty(System.getenv("XDG_CACHE_HOME"));
    return caches.isBlank()
        ? Path.of(System.getProperty("user.home"), ".cache", "coppice")
        : Path.of(caches, "coppice");
  }

  /** Where the tokens of a key are, or would be. */
  public Path entry(Path key) {
    return folder.resolve("tokens").resolve(key).resolve(FILE);
  }

  /** Folder for what scans of foreign files found. */
  public Path scans() {
    return folder.resolve("scans");
  }

  /** Makes a token file at a path. */
  public interface Maker {
    /** Makes it. */
    TokenFile make(Path out) throws IOException;
  }

  /**
   * The entry of a key, verified; made if it is not there or damaged.
   *
   * @param key 64 hexadecimal digits
   * @param maker of the file
   * @return open; the caller closes it
   */
  public TokenFile get(String key, Maker maker) throws IOException {
    Path entry = folder.resolve("tokens").resolve(key);
    Optional<TokenFile> there = existing(entry);
    if (there.isPresent()) {
      return there.get();
    }
    make(entry, maker);
    TokenFile made = TokenFile.open(entry.resolve(FILE));
    made.verify();
    return made;
  }

  private static Optional<TokenFile> existing(Path entry) throws IOException {
    if (!Files.exists(entry)) {
      return Optional.empty();
    }
    try {
      TokenFile file = TokenFile.open(entry.resolve(FILE));
      file.verify();
      return Optional.of(file);
    } catch (CoppiceException | IOException e) {
      LOG.warn("entry of the cache is damaged and made again: {}", e.getMessage());
      remove(entry);
      return Optional.empty();
    }
  }

  /** Under another name first, so that no reader takes half of it. */
  private static void remove(Path entry) throws IOException {
    Path aside = Files.createTempDirectory(Folders.parent(entry), ".damaged-");
    try {
      DurableFiles.rename(entry, aside.resolve("entry"));
    } finally {
      Folders.delete(aside);
    }
  }

  private static void make(Path entry, Maker maker) throws IOException {
    Files.createDirectories(Folders.parent(entry));
    Path staging = Files.createTempDirectory(Folders.parent(entry), ".making-");
    try {
      maker.make(staging.resolve(FILE)).close();
      DurableFiles.move(staging, entry);
    } catch (FileSystemException e) {
      if (!Files.exists(entry)) {
        throw e;
      }
      LOG.debug("entry of the cache was made by another process: {}", entry);
    } finally {
      Folders.delete(staging);
    }
  }
}
