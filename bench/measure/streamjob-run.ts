/**
 * Owns: one run of a job with `streamjob run` as a process of its own, with one TaskManager, and what its log tells about it.
 *
 * SJR1 A run that did not finish, or was restarted on the way, is void.
 */
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { homeFolder, readRecord } from "../../cli/index.ts";
import { runProgram } from "./scratch.ts";

const COMMAND = fileURLToPath(new URL("../../cli/main.ts", import.meta.url));

export type JobRun = {
  /** Completed ones. */
  readonly checkpoints: number;
  readonly failedCheckpoints: number;
  readonly cpuSeconds: number | undefined;
  readonly others: number | undefined;
};

/** `home`: a folder that is empty or not there. Throws when the run is void. */
export async function runStreamJob(
  home: string,
  job: { readonly module: URL; readonly args: readonly string[]; readonly parallelism: number },
): Promise<JobRun> {
  const flags = ["-p", String(job.parallelism), "--task-managers", "1"];
  const { exitCode, stderr, cpuSeconds, others } = await runProgram(
    process.execPath,
    [COMMAND, "run", ...flags, fileURLToPath(job.module), "--", ...job.args],
    { ...process.env, STREAMJOB_HOME: home },
  );
  if (exitCode !== 0) throw new Error(`streamjob run ended with ${exitCode}:\n${stderr.slice(-4000)}`);
  return { ...readHistory(home), cpuSeconds, others };
}

/** From the JobManager's log and the job's record, both below `home`. */
function readHistory(home: string): { readonly checkpoints: number; readonly failedCheckpoints: number } {
  const folder = homeFolder(home);
  const [jobId] = readdirSync(join(home, "logs"));
  if (jobId === undefined) throw new Error(`streamjob run wrote no log below ${home}`);
  const record = readRecord(folder, jobId);
  const restarts = (record?.terminal?.restarts ?? 0) + (record?.jobManagerRestarts ?? 0);
  if (restarts > 0) throw new Error(`the job or its JobManager was restarted ${restarts} times: the run is void`);
  const log = readFileSync(join(folder.logs(jobId), "jobmanager.log"), "utf8");
  const countOf = (line: RegExp): number => log.match(line)?.length ?? 0;
  return {
    checkpoints: countOf(/"msg":"checkpoint completed"/g),
    failedCheckpoints: countOf(/"msg":"checkpoint failed"/g),
  };
}
