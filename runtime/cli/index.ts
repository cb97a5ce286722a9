/**
 * Room `cli`: the command `streamjob`, and a job's processes on this machine for the demo and for tests.
 *
 *   const cluster = await startLocalCluster({ module: "job.ts", parallelism: 2, taskManagers: 2, home, stdout: collect });
 *   process.kill(cluster.pids().taskManagers[0], "SIGKILL");        // comes back by itself
 *   const path = await cluster.savepoint("/tmp/savepoints");        // or cluster.stopWithSavepoint(…), cluster.stop() to cancel
 *   const { status, failure } = await cluster.waitTerminal();       // FINISHED, CANCELED, FAILED, FENCED, KILLED
 */
export type { ClusterPids, JobOutcome, LocalClusterOptions } from "./cluster-options.ts";
export { type HomeFolder, homeFolder } from "./home-folder.ts";
export { isAlive, type JobRecord, readRecord } from "./job-registry.ts";
export { type LocalCluster, startLocalCluster } from "./local-cluster.ts";
export { podProgram } from "./pod-program.ts";
export { RestClient } from "./rest-client.ts";
export {
  type ControlPlane,
  type ControlPlaneOptions,
  LOCAL_IMAGE,
  localPrograms,
  startControlPlane,
} from "./control-plane/control-plane.ts";
export { type OperatorSettings, operatorVariables } from "./operator-process.ts";
