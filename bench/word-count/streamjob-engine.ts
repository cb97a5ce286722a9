/**
 * Owns: one run of the word count on StreamJob: `streamjob run` as a process of its own, with one TaskManager.
 *
 * SEN1 A run that did not finish, was restarted on the way, or counted another number of words is void.
 */
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { homeFolder, readRecord } from "../../cli/index.ts";
import { runProgram, withScratchFolder } from "../measure/scratch.ts";
import { type Engine, type EngineRun, WORDS_PER_LINE, type WordCountWork } from "./engine-run.ts";
import type { SinkReport } from "./measuring-sink.ts";
import { steadyRate } from "./steady-rate.ts";

const COMMAND = fileURLToPath(new URL("../../cli/main.ts", import.meta.url));
const JOB = fileURLToPath(new URL("./job.ts", import.meta.url));

export const streamJobEngine: Engine = {
  name: "streamjob",
  run: (work) => withScratchFolder((folder) => run(work, folder)),
};

async function run(work: WordCountWork, folder: string): Promise<EngineRun> {
  const home = join(folder, "home");
  const jobArgs = [work.lines, folder, work.checkpointMs].map(String);
  const flags = ["-p", String(work.parallelism), "--task-managers", "1"];
  const { exitCode, stderr, cpuSeconds, others } = await runProgram(
    process.execPath,
    [COMMAND, "run", ...flags, JOB, "--", ...jobArgs],
    { ...process.env, STREAMJOB_HOME: home },
  );
  if (exitCode !== 0) throw new Error(`streamjob run ended with ${exitCode}:\n${stderr.slice(-4000)}`);
  const { checkpoints, failedCheckpoints } = readHistory(home);
  const reports = readdirSync(folder)
    .filter((name) => name.startsWith("sink-"))
    .map((name) => JSON.parse(readFileSync(join(folder, name), "utf8")) as SinkReport);
  const rate = steadyRate(reports);
  if (rate.words !== work.lines * WORDS_PER_LINE) {
    throw new Error(`the sink saw ${rate.words} words instead of ${work.lines * WORDS_PER_LINE}: the run is void`);
  }
  return { ...rate, checkpoints, failedCheckpoints, cpuSeconds, others };
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
