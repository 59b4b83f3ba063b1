package dev.coppice.moe.testing;

import com.google.common.collect.ImmutableList;
import java.io.IOException;
import java.nio.file.Path;
import java.util.Random;

/**
 * A view of a real folder that can fail, and that knows what a power loss would leave.
 *
 * <p>Paths under {@link #root()} reach the real files, and every operation passes through here.
 * What the product has not forced is remembered as not durable: bytes of a file, and, apart from
 * them, names in a folder (new files, renames, deletions). {@link #crashed} lays out what could be
 * found after a crash at this moment.
 *
 * <p><b>Source</b>: the crash tests of SQLite ({@code test6.c}) and Lucene ({@code
 * MockDirectoryWrapper}); <b>Differs</b>: names are lost as well as bytes.
 */
public final class FaultFs {
  /** How an operation fails. */
  public enum Fault {
    /** An input or output error, once; reading and writing go on after it. */
    EIO_ONCE("Input/output error"),
    /** The disk is full: everything that would need space fails from then on. */
    ENOSPC("No space left on device");

    private final String message;

    Fault(String message) {
      this.message = message;
    }
  }

  /** What becomes of names and bytes that were not forced when the power fails. */
  public interface Loss {
    /** Whether a folder comes back with the names that it had when it was last forced. */
    boolean losesNames();

    /** What of a file comes back. */
    Bytes bytes();

    /** Every folder and file alike. */
    static Loss uniform(boolean losesNames, Bytes bytes) {
      return new Loss() {
        @Override
        public boolean losesNames() {
          return losesNames;
        }

        @Override
        public Bytes bytes() {
          return bytes;
        }

        @Override
        public String toString() {
          return (losesNames ? "names lost, bytes " : "names kept, bytes ") + bytes;
        }
      };
    }

    /** Each folder and file by lot. */
    static Loss random(long seed) {
      Random random = new Random(seed);
      return new Loss() {
        @Override
        public boolean losesNames() {
          return random.nextBoolean();
        }

        @Override
        public Bytes bytes() {
          return BYTES.get(random.nextInt(BYTES.size()));
        }

        @Override
        public String toString() {
          return "random loss " + seed;
        }
      };
    }
  }

  /** What is left of a file that was not forced. */
  public enum Bytes {
    /** What it held when it was last forced, or nothing. */
    DROPPED,
    /** The first half of what it held, or more where more was forced. */
    TORN,
    /** Its length, with zeros where it was not forced. */
    ZEROED,
    /** All that was written. */
    KEPT
  }

  private static final ImmutableList<Bytes> BYTES = ImmutableList.copyOf(Bytes.values());

  private final FaultFileSystem fileSystem;
  private final CrashModel model;
  private Runnable beforeChange = () -> {};
  private long operations;
  private long forces;
  private long failing = -1;
  private long ignoredForce = -1;
  private Fault fault = Fault.EIO_ONCE;

  private FaultFs(Path real) throws IOException {
    this.model = CrashModel.of(real);
    this.fileSystem = new FaultFileSystem(this, real.getFileSystem());
  }

  /**
   * A view of a folder; all that lies there is durable.
   *
   * @param real an absolute path of the default file system
   */
  public static FaultFs over(Path real) throws IOException {
    return new FaultFs(real);
  }

  /** The folder, seen through the faults. */
  public Path root() {
    return fileSystem.wrap(model.root());
  }

  /** Lets the n-th operation from the start fail, counted from 0. */
  public synchronized void failAt(long operation, Fault how) {
    failing = operation;
    fault = how;
  }

  /** Lets the k-th force from the start do nothing, counted from 0. */
  public synchronized void ignoreForce(long k) {
    ignoredForce = k;
  }

  /** Calls a hook before each operation that changes what a crash would leave. */
  public synchronized void beforeEachChange(Runnable hook) {
    beforeChange = hook;
  }

  /** Operations so far: opening, reading, writing, forcing, naming. */
  public synchronized long operations() {
    return operations;
  }

  /** Forces so far. */
  public synchronized long forces() {
    return forces;
  }

  /**
   * Lays out what a crash at this moment would leave of a folder.
   *
   * @param target the folder, relative to {@link #root()}
   * @param loss what is lost
   * @param into where to put it; must not exist
   * @return whether the folder would be there at all
   */
  public synchronized boolean crashed(Path target, Loss loss, Path into) throws IOException {
    return model.image(target, loss, into);
  }

  CrashModel model() {
    return model;
  }

  /** Counts an operation that only reads, and fails it if it is its turn. */
  synchronized void onRead() throws IOException {
    if (operations++ == failing && fault == Fault.EIO_ONCE) {
      throw new IOException(fault.message);
    }
  }

  /** Counts an operation that changes something, and fails it if it is its turn. */
  synchronized void onChange() throws IOException {
    beforeChange.run();
    count();
  }

  /** Counts a deletion or a new name for what is there, which need no space. */
  synchronized void onSpacelessChange() throws IOException {
    beforeChange.run();
    onRead();
  }

  /** Counts a force; false if it is to do nothing. */
  synchronized boolean onForce() throws IOException {
    beforeChange.run();
    count();
    return forces++ != ignoredForce;
  }

  private void count() throws IOException {
    boolean fails =
        fault == Fault.ENOSPC ? failing >= 0 && operations >= failing : operations == failing;
    operations++;
    if (fails) {
      throw new IOException(fault.message);
    }
  }
}
