import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Locale;
import org.apache.flink.configuration.Configuration;
import org.apache.flink.runtime.checkpoint.CheckpointStatsCounts;
import org.apache.flink.runtime.jobgraph.JobGraph;
import org.apache.flink.streaming.api.environment.StreamExecutionEnvironment;
import org.apache.flink.table.api.TableDescriptor;
import org.apache.flink.table.api.bridge.java.StreamStatementSet;
import org.apache.flink.table.api.bridge.java.StreamTableEnvironment;

/**
 * A Nexmark query in SQL, in this one JVM: the peer of bench/nexmark-sql.
 *
 * <p>Owns the job; the events are NexmarkTables, the sink is FingerprintTable, the configuration is WordCount's. Prints one line of JSON.
 */
public final class NexmarkSql {
  private NexmarkSql() {}

  /** Arguments: the query's text, its tables, the columns to compare, the one that says for how many rows one stands or nothing, events, parallelism, milliseconds between checkpoints, rows of a mini-batch (0: none). */
  public static void main(String[] args) throws Exception {
    Path checkpoints = Files.createTempDirectory("flink-nexmark-sql-");
    int parallelism = Integer.parseInt(args[5]);
    Configuration configuration = WordCount.configuration(Long.parseLong(args[6]), checkpoints);
    try {
      CheckpointStatsCounts counts = OneCluster.run(buildJob(args, parallelism, configuration), parallelism, configuration);
      System.out.println(
          String.format(
              Locale.ROOT,
              "{\"rows\":%d,\"sum\":%d,\"changes\":%d,\"checkpoints\":%d}",
              FingerprintTable.rows(),
              FingerprintTable.sum(),
              FingerprintTable.changes(),
              counts.getNumberOfCompletedCheckpoints()));
    } finally {
      WordCount.deleteFolder(checkpoints);
    }
  }

  private static JobGraph buildJob(String[] args, int parallelism, Configuration configuration) {
    StreamExecutionEnvironment env = StreamExecutionEnvironment.getExecutionEnvironment(configuration);
    env.setParallelism(parallelism);
    StreamTableEnvironment tables = StreamTableEnvironment.create(env);
    tables.getConfig().set("table.local-time-zone", "UTC");
    if (Integer.parseInt(args[7]) > 0) {
      tables.getConfig().set("table.exec.mini-batch.enabled", "true");
      tables.getConfig().set("table.exec.mini-batch.allow-latency", "2 s");
      tables.getConfig().set("table.exec.mini-batch.size", args[7]);
    }
    for (String name : args[1].split(",")) {
      tables.executeSql(NexmarkTables.definition(name, Long.parseLong(args[4]), parallelism));
    }
    if (args[0].contains("side_input")) tables.executeSql(SideInput.DEFINITION);
    TableDescriptor sink = TableDescriptor.forConnector("fingerprint").option("columns", args[2]).option("weight", args[3]).build();
    StreamStatementSet statements = tables.createStatementSet();
    statements.add(tables.sqlQuery(args[0]).insertInto(sink));
    statements.attachAsDataStream();
    return env.getStreamGraph().getJobGraph();
  }
}
