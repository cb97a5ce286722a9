import java.nio.file.Files;
import java.nio.file.Path;
import org.apache.flink.api.common.eventtime.WatermarkStrategy;
import org.apache.flink.api.common.typeinfo.Types;
import org.apache.flink.api.java.tuple.Tuple2;
import org.apache.flink.configuration.Configuration;
import org.apache.flink.connector.datagen.source.DataGeneratorSource;
import org.apache.flink.connector.jdbc.JdbcConnectionOptions;
import org.apache.flink.connector.jdbc.JdbcExecutionOptions;
import org.apache.flink.connector.jdbc.core.datastream.sink.JdbcSink;
import org.apache.flink.runtime.jobgraph.JobGraph;
import org.apache.flink.streaming.api.environment.StreamExecutionEnvironment;

/**
 * Generated users are counted into a table of MySQL by upserts, at least once, on Apache Flink's JDBC connector: the peer of bench/mysql/job.ts.
 *
 * <p>Its result and its speed are read from the table, not from here: one line of JSON on stdout says how many checkpoints it took. Arguments:
 * JDBC URL, user, password, table, records, users, parallelism, milliseconds between checkpoints, rows of a batch.
 */
public final class JdbcCount {
  private static final long BATCH_INTERVAL_MS = 100;

  private JdbcCount() {}

  public static void main(String[] args) throws Exception {
    if (args.length != 9) {
      System.err.println(
          "usage: JdbcCount <url> <user> <password> <table> <records> <users> <parallelism> <checkpoint-ms> <batch-rows>");
      System.exit(2);
    }
    Path checkpoints = Files.createTempDirectory("flink-jdbc-count-");
    try {
      int parallelism = Integer.parseInt(args[6]);
      Configuration configuration = WordCount.configuration(Long.parseLong(args[7]), checkpoints);
      JobGraph graph = buildJob(args, parallelism, configuration);
      System.out.println(OneCluster.checkpoints(OneCluster.run(graph, parallelism, configuration)));
    } finally {
      WordCount.deleteFolder(checkpoints);
    }
  }

  private static JobGraph buildJob(String[] args, int parallelism, Configuration configuration) {
    StreamExecutionEnvironment env = StreamExecutionEnvironment.getExecutionEnvironment(configuration);
    env.setParallelism(parallelism);
    long users = Long.parseLong(args[5]);
    DataGeneratorSource<Tuple2<String, Long>> ones =
        new DataGeneratorSource<>(
            number -> Tuple2.of("user-" + number % users, 1L),
            Long.parseLong(args[4]),
            Types.TUPLE(Types.STRING, Types.LONG));
    JdbcSink<Tuple2<String, Long>> table =
        JdbcSink.<Tuple2<String, Long>>builder()
            .withQueryStatement(
                "insert into " + args[3] + " (user, count) values (?, ?) on duplicate key update count = values(count)",
                (statement, count) -> {
                  statement.setString(1, count.f0);
                  statement.setLong(2, count.f1);
                })
            .withExecutionOptions(
                JdbcExecutionOptions.builder()
                    .withBatchSize(Integer.parseInt(args[8]))
                    .withBatchIntervalMs(BATCH_INTERVAL_MS)
                    .build())
            .buildAtLeastOnce(
                new JdbcConnectionOptions.JdbcConnectionOptionsBuilder()
                    .withUrl(args[0])
                    .withDriverName("com.mysql.cj.jdbc.Driver")
                    .withUsername(args[1])
                    .withPassword(args[2])
                    .build());
    env.fromSource(ones, WatermarkStrategy.noWatermarks(), "ones")
        .keyBy(one -> one.f0)
        .reduce(WordCount::add)
        // The reducer adds in place, and the sink keeps rows for its batch.
        .map(count -> Tuple2.of(count.f0, count.f1))
        .returns(Types.TUPLE(Types.STRING, Types.LONG))
        .sinkTo(table);
    return env.getStreamGraph().getJobGraph();
  }
}
