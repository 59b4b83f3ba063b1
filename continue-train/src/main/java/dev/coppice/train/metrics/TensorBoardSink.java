package dev.coppice.train.metrics;

import static com.google.common.collect.ImmutableList.toImmutableList;

import com.google.common.collect.ImmutableList;
import dev.coppice.moe.io.DurableFiles;
import dev.coppice.moe.io.Folders;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.time.Clock;
import java.util.Comparator;
import java.util.Locale;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;

/**
 * Event files for TensorBoard in {@code RUN/tensorboard}: curves by step, and events as text.
 *
 * <p>On resume the entries of later steps are cut from the older files, and a new file begins, with
 * a mark by which an open TensorBoard drops them too. Not thread-safe.
 *
 * <p><b>Source</b>: tensorflow/core/util/event.proto and summary.proto; tensorboard's
 * plugin_event_accumulator.py on {@code SessionLog.START}.
 */
public final class TensorBoardSink implements MetricsSink {
  private static final Pattern NAME =
      Pattern.compile("events\\.out\\.tfevents\\.(\\d+)\\.coppice\\.\\d+");
  private static final int WALL_TIME = 1;
  private static final int STEP = 2;
  private static final int FILE_VERSION = 3;
  private static final int SUMMARY = 5;
  private static final int SESSION_LOG = 7;
  private static final int STRING = 7;
  private static final int TENSOR_CLASS = 2;

  private final Path folder;
  private final Clock clock;
  private FileChannel channel;

  private TensorBoardSink(Path folder, Clock clock, FileChannel channel) {
    this.folder = folder;
    this.clock = clock;
    this.channel = channel;
  }

  /** Opens such sinks for {@link RunSinks}. */
  public static RunSinks.Opener opener() {
    return new RunSinks.Opener() {
      @Override
      public String name() {
        return "tensorboard";
      }

      @Override
      public MetricsSink open(Path runFolder, long lastStep) throws IOException {
        return TensorBoardSink.open(runFolder, lastStep);
      }
    };
  }

  /**
   * Begins a new event file.
   *
   * @param runFolder of the run
   * @param lastStep where the run stands; entries of later steps are cut from older files
   * @throws IOException when the disk refuses
   */
  public static TensorBoardSink open(Path runFolder, long lastStep) throws IOException {
    return open(runFolder, lastStep, Clock.systemUTC());
  }

  static TensorBoardSink open(Path runFolder, long lastStep, Clock clock) throws IOException {
    Path folder = Files.createDirectories(runFolder.resolve("tensorboard"));
    TensorBoardSink sink = new TensorBoardSink(folder, clock, begin(folder, lastStep, clock));
    sink.writeHead(lastStep);
    return sink;
  }

  private static FileChannel begin(Path folder, long lastStep, Clock clock) throws IOException {
    ImmutableList<Path> older = files(folder);
    for (Path file : older) {
      EventRecords.cutAfter(file, lastStep);
    }
    // readers go through files by name, so a clock that went back must not show
    long newest = older.stream().mapToLong(TensorBoardSink::second).max().orElse(0);
    long second = Math.max(newest, clock.millis() / 1000);
    String name =
        String.format(
            Locale.ROOT, "events.out.tfevents.%010d.coppice.%06d", second, older.size() + 1);
    return FileChannel.open(
        folder.resolve(name), StandardOpenOption.CREATE_NEW, StandardOpenOption.WRITE);
  }

  /** Our event files, oldest first. */
  private static ImmutableList<Path> files(Path folder) throws IOException {
    try (Stream<Path> entries = Files.list(folder)) {
      return entries
          .filter(file -> NAME.matcher(Folders.name(file)).matches())
          .sorted(Comparator.comparing(Folders::name))
          .collect(toImmutableList());
    }
  }

  private static long second(Path file) {
    Matcher name = NAME.matcher(Folders.name(file));
    return name.matches() ? Long.parseLong(name.group(1)) : 0;
  }

  private void writeHead(long lastStep) throws IOException {
    write(entry(0).text(FILE_VERSION, "brain.Event:2"));
    ProtoMessage start = new ProtoMessage().number(1, 1);
    write(entry(lastStep + 1).message(SESSION_LOG, start));
  }

  private ProtoMessage entry(long step) {
    ProtoMessage entry = new ProtoMessage().real(WALL_TIME, clock.millis() / 1e3);
    return step == 0 ? entry : entry.number(STEP, step);
  }

  private void write(ProtoMessage entry) throws IOException {
    ByteBuffer record = EventRecords.frame(entry.toBytes());
    long end = channel.position();
    try {
      DurableFiles.write(channel, record);
    } catch (IOException e) {
      channel.truncate(end);
      throw e;
    }
  }

  @Override
  public void step(MetricsLine line) throws IOException {
    writeScalars(line.step(), StepScalars.of(line));
  }

  @Override
  public void event(RunEvent event) throws IOException {
    ProtoMessage tensor =
        new ProtoMessage()
            .number(1, STRING)
            .message(2, new ProtoMessage())
            .text(8, event.message().isEmpty() ? event.kind() : event.message());
    ProtoMessage metadata =
        new ProtoMessage().message(1, new ProtoMessage().text(1, "text")).number(4, TENSOR_CLASS);
    ProtoMessage value =
        new ProtoMessage()
            .text(1, "events/" + event.kind())
            .message(8, tensor)
            .message(9, metadata);
    write(entry(event.step()).message(SUMMARY, new ProtoMessage().message(1, value)));
    writeScalars(event.step(), StepScalars.of(event));
  }

  private void writeScalars(long step, Map<String, Double> scalars) throws IOException {
    if (scalars.isEmpty()) {
      return;
    }
    ProtoMessage summary = new ProtoMessage();
    scalars.forEach(
        (tag, value) ->
            summary.message(1, new ProtoMessage().text(1, tag).shortReal(2, value.floatValue())));
    write(entry(step).message(SUMMARY, summary));
  }

  @Override
  public void force() throws IOException {
    channel.force(true);
  }

  @Override
  public void rewind(long step) throws IOException {
    channel.close();
    channel = begin(folder, step, clock);
    writeHead(step);
  }

  @Override
  public void close() throws IOException {
    channel.close();
  }
}
