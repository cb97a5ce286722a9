/**
 * Room `cli`: the command `streamjob`, and a job's processes on this machine for the demo and for tests.
 *
 *   const cluster = await startLocalCluster({ module: "job.ts", parallelism: 2, taskManagers: 2, home, stdout: collect });
 *   process.kill(cluster.pids().taskManagers[0], "SIGKILL");        // comes back by itself
 *   const path = await cluster.savepoint("/tmp/savepoints");        // or cluster.stopWithSavepoint(…), cluster.stop() to cancel
 *   const { status, failure } = await cluster.waitTerminal();       // FINISHED, CANCELED, FAILED, FENCED, KILLED
 */
export type { ClusterPids, JobOutcome, LocalClusterOptions } from "./jobs/cluster-options.ts";
export { type HomeFolder, homeFolder } from "./jobs/home-folder.ts";
export { isAlive, type JobRecord, readRecord } from "./jobs/job-registry.ts";
export { type LocalCluster, startLocalCluster } from "./jobs/local-cluster.ts";

export { RestClient } from "./jobs/rest-client.ts";
