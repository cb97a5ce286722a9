import java.util.Locale;
import org.apache.flink.configuration.Configuration;
import org.apache.flink.runtime.checkpoint.CheckpointStatsCounts;
import org.apache.flink.runtime.jobgraph.JobGraph;
import org.apache.flink.runtime.minicluster.MiniCluster;
import org.apache.flink.runtime.minicluster.MiniClusterConfiguration;

/** A job to its end, in a cluster of its own with one TaskManager in this JVM. WordCount, which times it, does that itself. */
final class OneCluster {
  private OneCluster() {}

  static CheckpointStatsCounts run(JobGraph graph, int parallelism, Configuration configuration) throws Exception {
    MiniClusterConfiguration clusterConfiguration =
        new MiniClusterConfiguration.Builder()
            .setConfiguration(configuration)
            .setNumTaskManagers(1)
            .setNumSlotsPerTaskManager(parallelism)
            .build();
    try (MiniCluster cluster = new MiniCluster(clusterConfiguration)) {
      cluster.start();
      cluster.executeJobBlocking(graph);
      return cluster.getExecutionGraph(graph.getJobID()).get().getCheckpointStatsSnapshot().getCounts();
    }
  }

  /** A line of JSON for a job whose result and speed are read elsewhere. */
  static String checkpoints(CheckpointStatsCounts counts) {
    return String.format(
        Locale.ROOT,
        "{\"checkpoints\":%d,\"failedCheckpoints\":%d}",
        counts.getNumberOfCompletedCheckpoints(),
        counts.getNumberOfFailedCheckpoints());
  }
}
