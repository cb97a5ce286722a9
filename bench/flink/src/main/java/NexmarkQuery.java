import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Locale;
import java.util.concurrent.atomic.AtomicLong;
import org.apache.flink.api.common.eventtime.WatermarkStrategy;
import org.apache.flink.api.common.typeinfo.TypeInformation;
import org.apache.flink.api.common.typeinfo.Types;
import org.apache.flink.api.connector.sink2.Sink;
import org.apache.flink.api.connector.sink2.SinkWriter;
import org.apache.flink.api.connector.sink2.WriterInitContext;
import org.apache.flink.api.java.tuple.Tuple5;
import org.apache.flink.configuration.Configuration;
import org.apache.flink.connector.datagen.source.DataGeneratorSource;
import org.apache.flink.runtime.checkpoint.CheckpointStatsCounts;
import org.apache.flink.runtime.jobgraph.JobGraph;
import org.apache.flink.streaming.api.datastream.SingleOutputStreamOperator;
import org.apache.flink.streaming.api.environment.StreamExecutionEnvironment;

/**
 * A Nexmark query, written by hand on the DataStream API over tuples, in this one JVM: the peer of bench/nexmark.
 *
 * <p>Owns the queries and the sink that adds up what it gets; the bids are Bids, the configuration is WordCount's. Prints one line of JSON.
 *
 * <p>N1: the sum is that of bench/nexmark/checking-sink.ts: of all numbers and lengths of texts, modulo 2^40.
 */
public final class NexmarkQuery {
  private static final long SUM_MODULUS = 1L << 40;
  private static final AtomicLong RECORDS = new AtomicLong();
  private static final AtomicLong SUM = new AtomicLong();
  private static final TypeInformation<Tuple5<Long, Long, Long, Long, String>> BID =
      Types.TUPLE(Types.LONG, Types.LONG, Types.LONG, Types.LONG, Types.STRING);

  private NexmarkQuery() {}

  /** Arguments: the query, the number of bids, the parallelism, milliseconds between checkpoints. */
  public static void main(String[] args) throws Exception {
    Path checkpoints = Files.createTempDirectory("flink-nexmark-");
    int parallelism = Integer.parseInt(args[2]);
    Configuration configuration = WordCount.configuration(Long.parseLong(args[3]), checkpoints);
    JobGraph graph = buildJob(args[0], Long.parseLong(args[1]), parallelism, configuration);
    try {
      CheckpointStatsCounts counts = OneCluster.run(graph, parallelism, configuration);
      System.out.println(
          String.format(
              Locale.ROOT,
              "{\"records\":%d,\"sum\":%d,\"checkpoints\":%d}",
              RECORDS.get(),
              SUM.get() % SUM_MODULUS,
              counts.getNumberOfCompletedCheckpoints()));
    } finally {
      WordCount.deleteFolder(checkpoints);
    }
  }

  private static JobGraph buildJob(String query, long count, int parallelism, Configuration configuration) {
    StreamExecutionEnvironment env = StreamExecutionEnvironment.getExecutionEnvironment(configuration);
    env.setParallelism(parallelism);
    DataGeneratorSource<Tuple5<Long, Long, Long, Long, String>> bids = new DataGeneratorSource<>(Bids::bid, count, BID);
    SingleOutputStreamOperator<Tuple5<Long, Long, Long, Long, String>> stream =
        env.fromSource(bids, WatermarkStrategy.noWatermarks(), "bids");
    switch (query) {
      case "q0" -> stream.sinkTo(new AddingSink());
      case "q1" -> stream.map(NexmarkQuery::inEuros).returns(BID).sinkTo(new AddingSink());
      default -> throw new IllegalArgumentException("there is no query " + query);
    }
    return env.getStreamGraph().getJobGraph();
  }

  /** Prices in thousandths of a euro; in place, which the source's new tuples allow. */
  private static Tuple5<Long, Long, Long, Long, String> inEuros(Tuple5<Long, Long, Long, Long, String> bid) {
    bid.f2 *= 908;
    return bid;
  }

  /** The sums of all subtasks of this JVM are added at their ends. */
  private static final class AddingSink implements Sink<Tuple5<Long, Long, Long, Long, String>> {
    @Override
    public SinkWriter<Tuple5<Long, Long, Long, Long, String>> createWriter(WriterInitContext context) {
      return new Writer();
    }
  }

  private static final class Writer implements SinkWriter<Tuple5<Long, Long, Long, Long, String>> {
    private long records = 0;
    private long sum = 0;

    @Override
    public void write(Tuple5<Long, Long, Long, Long, String> bid, Context context) {
      records += 1;
      sum = (sum + bid.f0 + bid.f1 + bid.f2 + bid.f3 + bid.f4.length()) % SUM_MODULUS;
    }

    @Override
    public void flush(boolean endOfInput) {}

    @Override
    public void close() {
      RECORDS.addAndGet(records);
      SUM.addAndGet(sum);
    }
  }
}
