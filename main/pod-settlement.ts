/**
 * Owns: what a clean-up pod does to settle the transactions that a deleted job has left in other systems (EO-4): the configuration of the
 * job's last incarnation says which job that is.
 * Called by: pod-storage.ts, which also says how that went. Not here: finding and settling (jobmanager, taskmanager).
 */
import { environmentVariable, jobId, type Log, systemClock, systemRandom } from "../base/index.ts";
import { podVariables } from "../contract/index.ts";
import { findLeftTransactions } from "../runtime/jobmanager/index.ts";
import { settleSinks } from "../runtime/taskmanager/index.ts";
import { jobOptionsOf, readPodConfig } from "./pod-settings.ts";

/** Errors: what finding and settling throw. */
export async function settleTransactions(log: Log): Promise<void> {
  const text = environmentVariable(podVariables.config) ?? "null";
  const config = readPodConfig(text, environmentVariable(podVariables.largeConfig));
  const { args, program, storeUri } = config;
  const job = { module: program.path, options: jobOptionsOf(config), args, jobId: jobId(config.jobId) };
  const ports = { clock: systemClock, log };
  const left = await findLeftTransactions({ ...ports, random: systemRandom, job, storeUri });
  if (left === null) return log.info({ storeUri }, "the job has left no transactions");
  const sinks = await settleSinks({ ...ports, ...left });
  await left.settled();
  log.info({ sinks, checkpointId: left.state?.checkpointId ?? null }, "the transactions of the job are settled");
}
