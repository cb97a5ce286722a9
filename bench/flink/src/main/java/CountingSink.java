import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import org.apache.flink.api.connector.sink2.Sink;
import org.apache.flink.api.connector.sink2.SinkWriter;
import org.apache.flink.api.connector.sink2.WriterInitContext;
import org.apache.flink.api.java.tuple.Tuple2;

/**
 * A sink that throws its records away and counts them, and the counters that the sampler of WordCount reads.
 *
 * <p>Owns the progress of the one job of this JVM, as static state: a sink object is serialised to its subtasks, which
 * run in the same JVM as the sampler. Not meant for two jobs in one JVM, nor for a job that restarts.
 *
 * <p>S1: every counter has one writer, its subtask's thread; writes are released, reads acquired, so the hot path pays a
 * plain store. S2: subtasks' counters do not share a cache line.
 */
final class CountingSink implements Sink<Tuple2<String, Long>> {
  private static final int SUBTASKS_MAX = 128;
  private static final Progress[] PROGRESS = new Progress[SUBTASKS_MAX];

  static {
    for (int i = 0; i < SUBTASKS_MAX; i++) PROGRESS[i] = new Progress();
  }

  @Override
  public SinkWriter<Tuple2<String, Long>> createWriter(WriterInitContext context) {
    return new Writer(PROGRESS[context.getTaskInfo().getIndexOfThisSubtask()]);
  }

  /** Records written so far by all subtasks. */
  static long records() {
    long sum = 0;
    for (Progress progress : PROGRESS) sum += (long) Progress.RECORDS.getAcquire(progress);
    return sum;
  }

  /** Sum of the counts in all records written: n(n+1)/2 per word of n occurrences, whatever their order. */
  static long countSum() {
    long sum = 0;
    for (Progress progress : PROGRESS) sum += progress.countSum;
    return sum;
  }

  /** System.nanoTime() of the first record of any subtask; Long.MAX_VALUE when there was none. */
  static long firstRecordNanos() {
    long first = Long.MAX_VALUE;
    for (Progress progress : PROGRESS) first = Math.min(first, progress.firstRecordNanos);
    return first;
  }

  /** System.nanoTime() when the last subtask had seen the end of its input; Long.MIN_VALUE when none had. */
  static long endOfInputNanos() {
    long last = Long.MIN_VALUE;
    for (Progress progress : PROGRESS) last = Math.max(last, progress.endOfInputNanos);
    return last;
  }

  private static final class Progress {
    static final VarHandle RECORDS;

    static {
      try {
        RECORDS = MethodHandles.lookup().findVarHandle(Progress.class, "records", long.class);
      } catch (ReflectiveOperationException e) {
        throw new ExceptionInInitializerError(e);
      }
    }

    long records;
    long countSum;
    volatile long firstRecordNanos = Long.MAX_VALUE;
    volatile long endOfInputNanos = Long.MIN_VALUE;
    /** Padding (S2); package-private and assigned nowhere, so that it stays in the layout. */
    long p0, p1, p2, p3, p4, p5, p6, p7, p8, p9, p10, p11;
  }

  private static final class Writer implements SinkWriter<Tuple2<String, Long>> {
    private final Progress progress;

    Writer(Progress progress) {
      this.progress = progress;
    }

    @Override
    public void write(Tuple2<String, Long> record, Context context) {
      if (progress.records == 0) progress.firstRecordNanos = System.nanoTime();
      progress.countSum += record.f1;
      Progress.RECORDS.setRelease(progress, progress.records + 1);
    }

    @Override
    public void flush(boolean endOfInput) {
      if (endOfInput) progress.endOfInputNanos = System.nanoTime();
    }

    @Override
    public void close() {}
  }
}
