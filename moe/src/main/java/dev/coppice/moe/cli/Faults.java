package dev.coppice.moe.cli;

import com.fasterxml.jackson.core.JsonProcessingException;
import dev.coppice.moe.CoppiceException;
import java.io.EOFException;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.CharacterCodingException;
import java.nio.file.AccessDeniedException;
import java.nio.file.DirectoryNotEmptyException;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.FileSystemException;
import java.nio.file.InvalidPathException;
import java.nio.file.NoSuchFileException;
import java.nio.file.NotDirectoryException;
import java.util.Locale;
import java.util.Optional;

/**
 * The message of a failure.
 *
 * @param code that the program ends with
 * @param message one line, without the names of Java's exceptions
 */
record Faults(ExitCode code, String message) {
  private static final String WHERE = " (--stacktrace shows where)";

  /** Tells of a failure. */
  static Faults of(Throwable fault) {
    if (fault instanceof CoppiceException known) {
      return new Faults(ExitCode.of(known.kind()), text(known));
    }
    if (fault instanceof UncheckedIOException wrapped && wrapped.getCause() != null) {
      return of(wrapped.getCause());
    }
    if (fault instanceof IOException failure) {
      return ofInputOrOutput(failure);
    }
    if (fault instanceof InvalidPathException path) {
      return new Faults(
          ExitCode.USAGE, "path must be one, got '" + path.getInput() + "': " + path.getReason());
    }
    if (fault instanceof IllegalArgumentException && fault.getMessage() != null) {
      return new Faults(ExitCode.USAGE, text(fault));
    }
    return new Faults(ExitCode.ERROR, "a fault of the program: " + text(fault) + WHERE);
  }

  private static Faults ofInputOrOutput(IOException fault) {
    if (fault instanceof FileSystemException file) {
      return ofFile(file);
    }
    if (fault instanceof JsonProcessingException json) {
      return new Faults(
          ExitCode.INPUT_INVALID, "file must be JSON, got " + json.getOriginalMessage());
    }
    if (fault instanceof CharacterCodingException) {
      return new Faults(ExitCode.INPUT_INVALID, "text must be UTF-8, got other bytes");
    }
    if (fault instanceof EOFException) {
      return new Faults(ExitCode.INPUT_INVALID, "file must be whole, got one that ends too early");
    }
    return new Faults(isFull(text(fault)) ? ExitCode.RESOURCE : ExitCode.ERROR, text(fault));
  }

  private static Faults ofFile(FileSystemException fault) {
    String file = Optional.ofNullable(fault.getFile()).orElse("?");
    if (fault instanceof NoSuchFileException) {
      return new Faults(ExitCode.INPUT_INVALID, "file must exist, got none at " + file);
    }
    if (fault instanceof AccessDeniedException) {
      return new Faults(ExitCode.ERROR, "permission is needed, got none for " + file);
    }
    if (fault instanceof FileAlreadyExistsException) {
      return new Faults(ExitCode.USAGE, "output must not exist yet, got " + file);
    }
    if (fault instanceof NotDirectoryException) {
      return new Faults(ExitCode.USAGE, "path must be a folder, got a file: " + file);
    }
    if (fault instanceof DirectoryNotEmptyException) {
      return new Faults(ExitCode.USAGE, "folder must be empty, got " + file);
    }
    String reason = Optional.ofNullable(fault.getReason()).orElse("no reason given");
    ExitCode code = isFull(reason) ? ExitCode.RESOURCE : ExitCode.ERROR;
    return new Faults(code, reason + ": " + file);
  }

  private static boolean isFull(String reason) {
    String lower = reason.toLowerCase(Locale.ROOT);
    return lower.contains("no space left")
        || lower.contains("disk quota")
        || lower.contains("not enough space");
  }

  private static String text(Throwable fault) {
    return Optional.ofNullable(fault.getMessage())
        .map(message -> String.join(" ", message.lines().map(String::strip).toList()))
        .filter(message -> !message.isEmpty())
        .orElse("no reason given");
  }
}
