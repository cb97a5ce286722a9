import java.io.FileOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import org.apache.flink.api.connector.sink2.Sink;
import org.apache.flink.api.connector.sink2.SinkWriter;
import org.apache.flink.api.connector.sink2.WriterInitContext;
import org.apache.flink.api.java.tuple.Tuple2;

/**
 * A sink that notes when records reach it, as upgrade/timing-sink.ts does: {@code <epoch ms> <version> <records since the
 * line before>}, at most a line a millisecond and subtask, each line written at once.
 *
 * <p>Owns the files {@code <folder>/<version>-<subtask>-<pid>.times}; bench/upgrade reads them.
 */
final class TimingSink implements Sink<Tuple2<String, Long>> {
  private final String folder;
  private final String version;

  TimingSink(String folder, String version) {
    this.folder = folder;
    this.version = version;
  }

  @Override
  public SinkWriter<Tuple2<String, Long>> createWriter(WriterInitContext context) throws IOException {
    int subtask = context.getTaskInfo().getIndexOfThisSubtask();
    String name = version + "-" + subtask + "-" + ProcessHandle.current().pid() + ".times";
    return new Writer(new FileOutputStream(folder + "/" + name, true), version);
  }

  private static final class Writer implements SinkWriter<Tuple2<String, Long>> {
    private final OutputStream file;
    private final String version;
    private long lastMs = 0;
    private long records = 0;

    Writer(OutputStream file, String version) {
      this.file = file;
      this.version = version;
    }

    @Override
    public void write(Tuple2<String, Long> record, Context context) throws IOException {
      records++;
      long nowMs = System.currentTimeMillis();
      if (nowMs == lastMs) return;
      lastMs = nowMs;
      file.write((nowMs + " " + version + " " + records + "\n").getBytes(StandardCharsets.US_ASCII));
      records = 0;
    }

    @Override
    public void flush(boolean endOfInput) {}

    @Override
    public void close() throws IOException {
      file.close();
    }
  }
}
