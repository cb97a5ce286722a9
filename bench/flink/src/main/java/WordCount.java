import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Locale;
import java.util.stream.Stream;
import org.apache.flink.api.common.eventtime.WatermarkStrategy;
import org.apache.flink.api.common.typeinfo.Types;
import org.apache.flink.api.java.tuple.Tuple2;
import org.apache.flink.configuration.CheckpointingOptions;
import org.apache.flink.configuration.Configuration;
import org.apache.flink.configuration.PipelineOptions;
import org.apache.flink.configuration.RestOptions;
import org.apache.flink.configuration.RestartStrategyOptions;
import org.apache.flink.configuration.StateBackendOptions;
import org.apache.flink.connector.datagen.source.DataGeneratorSource;
import org.apache.flink.core.execution.CheckpointingMode;
import org.apache.flink.runtime.checkpoint.CheckpointStatsCounts;
import org.apache.flink.runtime.jobgraph.JobGraph;
import org.apache.flink.runtime.minicluster.MiniCluster;
import org.apache.flink.runtime.minicluster.MiniClusterConfiguration;
import org.apache.flink.runtime.util.EnvironmentInformation;
import org.apache.flink.streaming.api.environment.StreamExecutionEnvironment;
import org.apache.flink.util.Collector;

/**
 * Word count over generated lines on Apache Flink's DataStream API, in this one JVM, timed.
 *
 * <p>Owns the job, its configuration and the measurement; the input is Lines, the counters are CountingSink. bench runs
 * it as a process and reads the one line of JSON on stdout. Exit codes: 0 measured, 1 the job failed or miscounted,
 * 2 bad usage.
 *
 * <p>W1: the job's configuration is in {@link #configuration} and nowhere else; what is not set there is Flink's
 * default. W2: start-up and JIT warm-up stay out of the steady rate: it begins when 20 % of the words have arrived.
 */
public final class WordCount {
  private static final long SAMPLE_EVERY_MS = 500;
  private static final double STEADY_FROM = 0.2;
  /** Below this the window still holds warm-up and the chance of a few samples. */
  private static final double STEADY_SECONDS_MIN = 5;

  private WordCount() {}

  public static void main(String[] args) throws Exception {
    Options options = Options.parse(args);
    Path checkpoints = Files.createTempDirectory("flink-word-count-");
    try {
      Configuration configuration = configuration(options.checkpointMs, checkpoints);
      Workload workload = new Workload(options.lines * Lines.WORDS_PER_LINE, options.parallelism, options.checkpointMs);
      System.out.println(measure(workload, configuration, buildJob(options, configuration)));
    } finally {
      deleteFolder(checkpoints);
    }
  }

  /** {@code records}: as many as have to reach CountingSink. */
  record Workload(long records, int parallelism, long checkpointMs) {}

  /** Runs a job that ends in CountingSink, also that of AsyncLookup, and returns a line of JSON. */
  static String measure(Workload workload, Configuration configuration, JobGraph graph) throws Exception {
    MiniClusterConfiguration clusterConfiguration =
        new MiniClusterConfiguration.Builder()
            .setConfiguration(configuration)
            .setNumTaskManagers(1)
            .setNumSlotsPerTaskManager(workload.parallelism)
            .build();
    Sampler sampler = new Sampler();
    long start = System.nanoTime();
    // What execute() of a local environment does, by hand, because only the cluster can say how many checkpoints completed.
    try (MiniCluster cluster = new MiniCluster(clusterConfiguration)) {
      cluster.start();
      sampler.start();
      cluster.executeJobBlocking(graph);
      double wallSeconds = (System.nanoTime() - start) / 1e9;
      sampler.stop();
      CheckpointStatsCounts counts = cluster.getExecutionGraph(graph.getJobID()).get().getCheckpointStatsSnapshot().getCounts();
      return report(workload, wallSeconds, sampler, counts);
    }
  }

  /** Also of Upgrade's job. */
  static Configuration configuration(long checkpointMs, Path checkpoints) {
    Configuration configuration = new Configuration();
    configuration.set(PipelineOptions.OBJECT_REUSE, true);
    // No Kryo by accident: a type without Flink's own serializer is an error.
    configuration.set(PipelineOptions.GENERIC_TYPES, false);
    configuration.set(StateBackendOptions.STATE_BACKEND, "hashmap");
    configuration.set(CheckpointingOptions.CHECKPOINT_STORAGE, "filesystem");
    configuration.set(CheckpointingOptions.CHECKPOINTS_DIRECTORY, checkpoints.toUri().toString());
    configuration.set(CheckpointingOptions.CHECKPOINTING_INTERVAL, Duration.ofMillis(checkpointMs));
    configuration.set(CheckpointingOptions.CHECKPOINTING_CONSISTENCY_MODE, CheckpointingMode.EXACTLY_ONCE);
    // Any free port: 8081 may be taken, by another cluster that has just ended or by anything else.
    configuration.set(RestOptions.BIND_PORT, "0");
    // A restarted job would count its records twice: better no result than that one.
    configuration.set(RestartStrategyOptions.RESTART_STRATEGY, "none");
    return configuration;
  }

  private static JobGraph buildJob(Options options, Configuration configuration) {
    StreamExecutionEnvironment env = StreamExecutionEnvironment.getExecutionEnvironment(configuration);
    env.setParallelism(options.parallelism);
    DataGeneratorSource<String> lines = new DataGeneratorSource<>(Lines::line, options.lines, Types.STRING);
    env.fromSource(lines, WatermarkStrategy.noWatermarks(), "lines")
        .flatMap(WordCount::split)
        .returns(Types.TUPLE(Types.STRING, Types.LONG))
        .keyBy(word -> word.f0)
        .reduce(WordCount::add)
        .sinkTo(new CountingSink());
    return env.getStreamGraph().getJobGraph();
  }

  private static void split(String line, Collector<Tuple2<String, Long>> out) {
    for (String word : line.split(" ")) out.collect(Tuple2.of(word, 1L));
  }

  /** In place: the heap state hands out a copy when a snapshot still needs the old value, and the sink keeps nothing. */
  static Tuple2<String, Long> add(Tuple2<String, Long> count, Tuple2<String, Long> word) {
    count.f1 += word.f1;
    return count;
  }

  private static String report(Workload workload, double wallSeconds, Sampler sampler, CheckpointStatsCounts checkpoints) {
    long words = workload.records;
    if (CountingSink.records() != words) {
      throw new IllegalStateException(
          "the sink saw " + CountingSink.records() + " records instead of " + words + ": the measurement is void");
    }
    long end = CountingSink.endOfInputNanos();
    double seconds = (end - CountingSink.firstRecordNanos()) / 1e9;
    double steadySeconds = (end - sampler.nanosWhen(Math.round(words * STEADY_FROM), words, end)) / 1e9;
    if (steadySeconds < STEADY_SECONDS_MIN) {
      System.err.printf(Locale.ROOT, "steady for %.1f s only: give more --lines for a rate to rely on%n", steadySeconds);
    }
    double steadyWordsPerSecond = words * (1 - STEADY_FROM) / steadySeconds;
    return String.format(
        Locale.ROOT,
        "{\"engine\":\"flink\",\"version\":\"%s\",\"java\":\"%s\",\"parallelism\":%d,\"checkpointMs\":%d,\"words\":%d,"
            + "\"seconds\":%.3f,\"wallSeconds\":%.3f,\"steadySeconds\":%.3f,\"steadyWordsPerSecond\":%.0f,"
            + "\"checkpoints\":%d,\"failedCheckpoints\":%d,\"countSum\":%d}",
        EnvironmentInformation.getVersion(),
        Runtime.version().toString(),
        workload.parallelism,
        workload.checkpointMs,
        words,
        seconds,
        wallSeconds,
        steadySeconds,
        steadyWordsPerSecond,
        checkpoints.getNumberOfCompletedCheckpoints(),
        checkpoints.getNumberOfFailedCheckpoints(),
        CountingSink.countSum());
  }

  static void deleteFolder(Path folder) throws IOException {
    try (Stream<Path> paths = Files.walk(folder)) {
      for (Path path : paths.sorted(Comparator.reverseOrder()).toList()) Files.deleteIfExists(path);
    }
  }

  /** Reads the sink's counter every 500 ms on a thread of its own. */
  private static final class Sampler {
    private final List<long[]> samples = new ArrayList<>();
    private final Thread thread = new Thread(this::sample, "sampler");

    void start() {
      thread.setDaemon(true);
      thread.start();
    }

    void stop() throws InterruptedException {
      thread.interrupt();
      thread.join();
    }

    private void sample() {
      try {
        while (true) {
          samples.add(new long[] {System.nanoTime(), CountingSink.records()});
          Thread.sleep(SAMPLE_EVERY_MS);
        }
      } catch (InterruptedException stopped) {
        // The only way out; join() hands the samples over.
      }
    }

    /** The time when {@code records} had arrived, between two samples by proportion; the end counts as a sample. */
    long nanosWhen(long records, long allRecords, long endNanos) {
      long[] before = samples.get(0);
      for (long[] sample : samples) {
        if (sample[1] >= records && sample[0] < endNanos) return between(before, sample, records);
        if (sample[0] < endNanos) before = sample;
      }
      return between(before, new long[] {endNanos, allRecords}, records);
    }

    private static long between(long[] before, long[] after, long records) {
      double share = (double) (records - before[1]) / (after[1] - before[1]);
      return before[0] + Math.round(share * (after[0] - before[0]));
    }
  }

  private static final class Options {
    private static final String USAGE = "usage: WordCount --lines N [--parallelism N] [--checkpoint-ms N]";

    long lines = 0;
    int parallelism = 2;
    long checkpointMs = 1000;

    static Options parse(String[] args) {
      Options options = new Options();
      for (int i = 0; i < args.length; i += 2) {
        String value = i + 1 < args.length ? args[i + 1] : "";
        switch (args[i]) {
          case "--lines" -> options.lines = positive(args[i], value, 1L << 32);
          case "--parallelism" -> options.parallelism = (int) positive(args[i], value, 128);
          case "--checkpoint-ms" -> options.checkpointMs = positive(args[i], value, 86_400_000);
          default -> throw fail("unknown option " + args[i]);
        }
      }
      if (options.lines == 0) throw fail("--lines is missing");
      return options;
    }

    private static long positive(String name, String value, long max) {
      try {
        long number = Long.parseLong(value);
        if (number >= 1 && number <= max) return number;
      } catch (NumberFormatException notANumber) {
        // Falls through to the same message as a number out of range.
      }
      throw fail(name + " takes a whole number from 1 to " + max + ", not '" + value + "'");
    }

    private static RuntimeException fail(String message) {
      System.err.println(message + "\n" + USAGE);
      System.exit(2);
      return new IllegalStateException(message);
    }
  }
}
