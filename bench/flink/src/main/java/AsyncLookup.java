import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Collections;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import org.apache.flink.api.common.eventtime.WatermarkStrategy;
import org.apache.flink.api.common.functions.OpenContext;
import org.apache.flink.api.common.typeinfo.Types;
import org.apache.flink.api.java.tuple.Tuple2;
import org.apache.flink.configuration.Configuration;
import org.apache.flink.connector.datagen.source.DataGeneratorSource;
import org.apache.flink.runtime.jobgraph.JobGraph;
import org.apache.flink.streaming.api.datastream.AsyncDataStream;
import org.apache.flink.streaming.api.datastream.DataStream;
import org.apache.flink.streaming.api.datastream.SingleOutputStreamOperator;
import org.apache.flink.streaming.api.environment.StreamExecutionEnvironment;
import org.apache.flink.streaming.api.functions.async.ResultFuture;
import org.apache.flink.streaming.api.functions.async.RichAsyncFunction;

/**
 * Numbers that are looked up outside, many at a time, on Apache Flink's AsyncDataStream: the peer of bench/async/job.ts. What is outside is
 * simulated: it answers each call after a latency, looked at once a millisecond, as there.
 *
 * <p>Arguments: records, parallelism, milliseconds between checkpoints, latency in milliseconds, capacity, ordered or unordered. The
 * configuration and the line of JSON on stdout are WordCount's.
 */
public final class AsyncLookup {
  private static final int NAMES = 10_000;
  private static final long TIMEOUT_MS = 60_000;

  private AsyncLookup() {}

  public static void main(String[] args) throws Exception {
    if (args.length != 6) {
      System.err.println("usage: AsyncLookup <records> <parallelism> <checkpoint-ms> <latency-ms> <capacity> <ordered|unordered>");
      System.exit(2);
    }
    Path checkpoints = Files.createTempDirectory("flink-async-lookup-");
    try {
      WordCount.Workload workload =
          new WordCount.Workload(Long.parseLong(args[0]), Integer.parseInt(args[1]), Long.parseLong(args[2]));
      Configuration configuration = WordCount.configuration(workload.checkpointMs(), checkpoints);
      System.out.println(WordCount.measure(workload, configuration, buildJob(workload, args, configuration)));
    } finally {
      WordCount.deleteFolder(checkpoints);
    }
  }

  private static JobGraph buildJob(WordCount.Workload workload, String[] args, Configuration configuration) {
    StreamExecutionEnvironment env = StreamExecutionEnvironment.getExecutionEnvironment(configuration);
    env.setParallelism(workload.parallelism());
    DataGeneratorSource<Long> numbers = new DataGeneratorSource<>(number -> number, workload.records(), Types.LONG);
    DataStream<Long> source = env.fromSource(numbers, WatermarkStrategy.noWatermarks(), "numbers");
    Lookup lookup = new Lookup(Long.parseLong(args[3]));
    int capacity = Integer.parseInt(args[4]);
    SingleOutputStreamOperator<Tuple2<String, Long>> answers =
        args[5].equals("ordered")
            ? AsyncDataStream.orderedWait(source, lookup, TIMEOUT_MS, TimeUnit.MILLISECONDS, capacity)
            : AsyncDataStream.unorderedWait(source, lookup, TIMEOUT_MS, TimeUnit.MILLISECONDS, capacity);
    answers.returns(Types.TUPLE(Types.STRING, Types.LONG)).sinkTo(new CountingSink());
    return env.getStreamGraph().getJobGraph();
  }

  /** Answers each number after the latency. */
  private static final class Lookup extends RichAsyncFunction<Long, Tuple2<String, Long>> {
    private final long latencyNanos;
    private transient ConcurrentLinkedQueue<Call> calls;
    private transient ScheduledExecutorService ticks;

    Lookup(long latencyMs) {
      latencyNanos = TimeUnit.MILLISECONDS.toNanos(latencyMs);
    }

    private record Call(long number, long dueNanos, ResultFuture<Tuple2<String, Long>> answer) {}

    @Override
    public void open(OpenContext context) {
      calls = new ConcurrentLinkedQueue<>();
      ticks = Executors.newSingleThreadScheduledExecutor();
      ticks.scheduleAtFixedRate(this::answerDue, 1, 1, TimeUnit.MILLISECONDS);
    }

    @Override
    public void asyncInvoke(Long number, ResultFuture<Tuple2<String, Long>> answer) {
      calls.add(new Call(number, System.nanoTime() + latencyNanos, answer));
    }

    private void answerDue() {
      long now = System.nanoTime();
      for (Call call = calls.peek(); call != null && call.dueNanos - now <= 0; call = calls.peek()) {
        calls.poll();
        call.answer.complete(Collections.singleton(Tuple2.of("name-" + call.number % NAMES, call.number % 7)));
      }
    }

    @Override
    public void close() {
      if (ticks != null) ticks.shutdownNow();
    }
  }
}
