import java.io.Serializable;
import java.nio.file.Files;
import java.nio.file.Path;
import org.apache.flink.api.common.eventtime.WatermarkStrategy;
import org.apache.flink.api.common.typeinfo.Types;
import org.apache.flink.api.java.tuple.Tuple2;
import org.apache.flink.configuration.Configuration;
import org.apache.flink.connector.base.DeliveryGuarantee;
import org.apache.flink.connector.kafka.sink.KafkaRecordSerializationSchema;
import org.apache.flink.connector.kafka.sink.KafkaSink;
import org.apache.flink.connector.kafka.source.KafkaSource;
import org.apache.flink.connector.kafka.source.enumerator.initializer.OffsetsInitializer;
import org.apache.flink.formats.json.JsonDeserializationSchema;
import org.apache.flink.formats.json.JsonSerializationSchema;
import org.apache.flink.runtime.jobgraph.JobGraph;
import org.apache.flink.streaming.api.environment.StreamExecutionEnvironment;

/**
 * From a topic of orders to a topic of counts, exactly once, on Apache Flink in this one JVM: the peer of bench/kafka/job.ts.
 *
 * <p>It reads what the topic holds when it starts, and ends. Its result and its speed are read from the topic that it writes
 * (KafkaResult), not from here: one line of JSON on stdout says how many checkpoints it took. Arguments: bootstrap, input,
 * output, parallelism, milliseconds between checkpoints.
 *
 * <p>The configuration is WordCount's; transactions may be open for ten minutes, within what a broker allows by default.
 */
public final class KafkaCount {
  private static final String TRANSACTION_TIMEOUT_MS = "600000";

  private KafkaCount() {}

  /** The value of an input record; what else it has is not read. */
  public static final class Order {
    public long id;
    public String user;
    public double amount;
    public String note;
  }

  /** The value of an output record. */
  public static final class Count implements Serializable {
    public String user;
    public long count;

    public Count() {}

    Count(String user, long count) {
      this.user = user;
      this.count = count;
    }
  }

  public static void main(String[] args) throws Exception {
    if (args.length != 5) {
      System.err.println("usage: KafkaCount <bootstrap> <input> <output> <parallelism> <checkpoint-ms>");
      System.exit(2);
    }
    Path checkpoints = Files.createTempDirectory("flink-kafka-count-");
    try {
      Configuration configuration = WordCount.configuration(Long.parseLong(args[4]), checkpoints);
      int parallelism = Integer.parseInt(args[3]);
      JobGraph graph = buildJob(args, parallelism, configuration);
      System.out.println(OneCluster.checkpoints(OneCluster.run(graph, parallelism, configuration)));
    } finally {
      WordCount.deleteFolder(checkpoints);
    }
  }

  private static JobGraph buildJob(String[] args, int parallelism, Configuration configuration) {
    StreamExecutionEnvironment env = StreamExecutionEnvironment.getExecutionEnvironment(configuration);
    env.setParallelism(parallelism);
    KafkaSource<Order> orders =
        KafkaSource.<Order>builder()
            .setBootstrapServers(args[0])
            .setTopics(args[1])
            .setStartingOffsets(OffsetsInitializer.earliest())
            .setBounded(OffsetsInitializer.latest())
            .setProperty("isolation.level", "read_committed")
            .setValueOnlyDeserializer(new JsonDeserializationSchema<>(Order.class))
            .build();
    KafkaSink<Count> counts =
        KafkaSink.<Count>builder()
            .setBootstrapServers(args[0])
            .setDeliveryGuarantee(DeliveryGuarantee.EXACTLY_ONCE)
            .setTransactionalIdPrefix(args[2])
            .setProperty("transaction.timeout.ms", TRANSACTION_TIMEOUT_MS)
            .setRecordSerializer(
                KafkaRecordSerializationSchema.<Count>builder()
                    .setTopic(args[2])
                    .setKeySerializationSchema(count -> count.user.getBytes(java.nio.charset.StandardCharsets.UTF_8))
                    .setValueSerializationSchema(new JsonSerializationSchema<>())
                    .build())
            .build();
    env.fromSource(orders, WatermarkStrategy.noWatermarks(), "orders")
        .map(order -> Tuple2.of(order.user, 1L))
        .returns(Types.TUPLE(Types.STRING, Types.LONG))
        .keyBy(order -> order.f0)
        .reduce(WordCount::add)
        .map(count -> new Count(count.f0, count.f1))
        .returns(Types.POJO(Count.class))
        .sinkTo(counts);
    return env.getStreamGraph().getJobGraph();
  }
}
