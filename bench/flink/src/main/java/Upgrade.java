import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.nio.file.Path;
import java.time.Duration;
import org.apache.flink.api.common.JobID;
import org.apache.flink.api.common.eventtime.WatermarkStrategy;
import org.apache.flink.api.common.typeinfo.Types;
import org.apache.flink.api.connector.source.util.ratelimit.RateLimiterStrategy;
import org.apache.flink.api.java.tuple.Tuple2;
import org.apache.flink.configuration.Configuration;
import org.apache.flink.configuration.ExecutionOptions;
import org.apache.flink.connector.datagen.source.DataGeneratorSource;
import org.apache.flink.core.execution.SavepointFormatType;
import org.apache.flink.runtime.jobgraph.JobGraph;
import org.apache.flink.runtime.jobgraph.SavepointRestoreSettings;
import org.apache.flink.runtime.minicluster.MiniCluster;
import org.apache.flink.runtime.minicluster.MiniClusterConfiguration;
import org.apache.flink.streaming.api.environment.StreamExecutionEnvironment;

/**
 * The word count of upgrade/job.ts on Apache Flink, whose versions follow each other by stop-with-savepoint and restore.
 *
 * <p>Owns one cluster in this JVM and the one job that runs in it; the times are noted by TimingSink and read by bench. Told
 * what to do on stdin, a line each:
 *
 * <ul>
 *   <li>{@code upgrade <version>}: stops the job with a savepoint, submits that version from it to this same cluster
 *   <li>{@code stop}: stops the job with a savepoint, prints its path as the one line on stdout, and ends
 *   <li>the end of stdin: ends
 * </ul>
 *
 * <p>U1: the savepoint must fit: state that finds no operator in the new version fails the job, and a failed job this process. U2:
 * the process ends by halting: what a shutdown would do takes no time from the JVM that comes next; its files are in folders
 * that bench removes.
 */
public final class Upgrade {
  private static final int WORDS = 10_000;
  private static final int MULTIPLIER = (int) 2_654_435_761L;
  /**
   * Instead of 100 ms, by which the first record of a new version could come later: StreamJob sends a batch that is not full as
   * soon as it has nothing else to do.
   */
  private static final Duration BUFFER_TIMEOUT = Duration.ofMillis(5);
  private static final int TASK_MANAGERS_MAX = 2;

  private final MiniCluster cluster;
  private final Configuration configuration;
  private final Arguments arguments;
  private JobID job;

  private Upgrade(MiniCluster cluster, Configuration configuration, Arguments arguments) {
    this.cluster = cluster;
    this.configuration = configuration;
    this.arguments = arguments;
  }

  public static void main(String[] args) {
    try {
      run(Arguments.parse(args));
      Runtime.getRuntime().halt(0);
    } catch (Throwable failure) {
      failure.printStackTrace();
      Runtime.getRuntime().halt(1);
    }
  }

  private static void run(Arguments arguments) throws Exception {
    Configuration configuration = WordCount.configuration(arguments.checkpointMs, Path.of(arguments.folder, "checkpoints"));
    configuration.set(ExecutionOptions.BUFFER_TIMEOUT, BUFFER_TIMEOUT);
    int taskManagers = Math.min(TASK_MANAGERS_MAX, arguments.parallelism);
    MiniCluster cluster =
        new MiniCluster(
            new MiniClusterConfiguration.Builder()
                .setConfiguration(configuration)
                .setNumTaskManagers(taskManagers)
                .setNumSlotsPerTaskManager((arguments.parallelism + taskManagers - 1) / taskManagers)
                .build());
    cluster.start();
    Upgrade upgrade = new Upgrade(cluster, configuration, arguments);
    upgrade.submit(arguments.version, arguments.savepoint);
    upgrade.obey(new BufferedReader(new InputStreamReader(System.in)));
  }

  private void obey(BufferedReader orders) throws Exception {
    for (String order = orders.readLine(); order != null; order = orders.readLine()) {
      if (order.equals("stop")) {
        System.out.println(stop());
        return;
      }
      if (!order.startsWith("upgrade ")) throw new IOException("unknown order '" + order + "'");
      submit(order.substring("upgrade ".length()), stop());
    }
  }

  /** {@code savepoint}: empty for a first version. A job that fails later ends this process (U1). */
  private void submit(String version, String savepoint) throws Exception {
    JobGraph graph = buildJob(version);
    if (!savepoint.isEmpty()) graph.setSavepointRestoreSettings(SavepointRestoreSettings.forPath(savepoint));
    job = cluster.submitJob(graph).get().getJobID();
    cluster
        .requestJobResult(job)
        .whenComplete(
            (result, lost) -> {
              if (result != null && result.getSerializedThrowable().isEmpty()) return;
              (lost != null ? lost : result.getSerializedThrowable().get()).printStackTrace();
              Runtime.getRuntime().halt(1);
            });
  }

  /** The savepoint's path; the job has ended by then. In native format: bench/README.md. */
  private String stop() throws Exception {
    String folder = Path.of(arguments.folder, "savepoints").toUri().toString();
    return cluster.stopWithSavepoint(job, folder, false, SavepointFormatType.NATIVE).get();
  }

  private JobGraph buildJob(String version) {
    StreamExecutionEnvironment env = StreamExecutionEnvironment.getExecutionEnvironment(configuration);
    env.setParallelism(arguments.parallelism);
    DataGeneratorSource<String> words =
        new DataGeneratorSource<>(Upgrade::word, Long.MAX_VALUE, RateLimiterStrategy.perSecond(arguments.rate), Types.STRING);
    env.fromSource(words, WatermarkStrategy.noWatermarks(), "words")
        .uid("words")
        .map(word -> Tuple2.of(word, 1L))
        .returns(Types.TUPLE(Types.STRING, Types.LONG))
        .uid("ones")
        .keyBy(one -> one.f0)
        .sum(1)
        .uid("counts")
        .sinkTo(new TimingSink(arguments.times, version))
        .uid("timing");
    return env.getStreamGraph().getJobGraph();
  }

  private static String word(long index) {
    return "word-" + Integer.remainderUnsigned((int) index * MULTIPLIER, WORDS);
  }

  private record Arguments(
      String folder, String times, int rate, int parallelism, long checkpointMs, String version, String savepoint) {
    private static final String USAGE =
        "usage: Upgrade <folder> <folder of times> <records a second> <parallelism> <checkpoint ms> <version> [savepoint]";

    static Arguments parse(String[] args) {
      if (args.length < 6 || args.length > 7) throw new IllegalArgumentException(USAGE);
      return new Arguments(
          args[0],
          args[1],
          Integer.parseInt(args[2]),
          Integer.parseInt(args[3]),
          Long.parseLong(args[4]),
          args[5],
          args.length == 7 ? args[6] : "");
    }
  }
}
