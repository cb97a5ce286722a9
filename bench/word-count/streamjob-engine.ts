/**
 * Owns: one run of the word count on StreamJob.
 *
 * SEN1 A run that counted another number of words is void.
 */
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { withScratchFolder } from "../measure/scratch.ts";
import { runStreamJob } from "../measure/streamjob-run.ts";
import { type Engine, type EngineRun, WORDS_PER_LINE, type WordCountWork } from "./engine-run.ts";
import type { SinkReport } from "./measuring-sink.ts";
import { steadyRate } from "./steady-rate.ts";

const JOB = new URL("./job.ts", import.meta.url);

export const streamJobEngine: Engine = {
  name: "streamjob",
  run: (work) => withScratchFolder((folder) => run(work, folder)),
};

async function run({ lines, parallelism, checkpointMs }: WordCountWork, folder: string): Promise<EngineRun> {
  const args = [lines, folder, checkpointMs].map(String);
  const jobRun = await runStreamJob(join(folder, "home"), { module: JOB, args, parallelism });
  const reports = readdirSync(folder)
    .filter((name) => name.startsWith("sink-"))
    .map((name) => JSON.parse(readFileSync(join(folder, name), "utf8")) as SinkReport);
  const rate = steadyRate(reports);
  if (rate.words !== lines * WORDS_PER_LINE) {
    throw new Error(`the sink saw ${rate.words} words instead of ${lines * WORDS_PER_LINE}: the run is void`);
  }
  return { ...rate, ...jobRun };
}
