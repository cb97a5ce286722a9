/**
 * Owns: one run on StreamJob of the word count, or of another job that ends in its measuring sink.
 *
 * SEN1 A run that counted another number of records is void.
 */
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { withScratchFolder } from "../measure/scratch.ts";
import { runStreamJob } from "../measure/streamjob-run.ts";
import { type Engine, type EngineRun, WORDS_PER_LINE } from "./engine-run.ts";
import type { SinkReport } from "./measuring-sink.ts";
import { steadyRate } from "./steady-rate.ts";

const JOB = new URL("./job.ts", import.meta.url);

export const streamJobEngine: Engine = {
  name: "streamjob",
  run: ({ lines, parallelism, checkpointMs }) =>
    measuredRun({
      module: JOB,
      argsOf: (folder) => [lines, folder, checkpointMs].map(String),
      parallelism,
      records: lines * WORDS_PER_LINE,
    }),
};

export type MeasuredJob = {
  /** Ends in the measuring sink. */
  readonly module: URL;
  /** `folder`: for the sink's reports. */
  readonly argsOf: (folder: string) => readonly string[];
  readonly parallelism: number;
  /** As many as have to reach the sink (SEN1). */
  readonly records: number;
};

export function measuredRun({ module, argsOf, parallelism, records }: MeasuredJob): Promise<EngineRun> {
  return withScratchFolder(async (folder) => {
    const jobRun = await runStreamJob(join(folder, "home"), { module, args: argsOf(folder), parallelism });
    const reports = readdirSync(folder)
      .filter((name) => name.startsWith("sink-"))
      .map((name) => JSON.parse(readFileSync(join(folder, name), "utf8")) as SinkReport);
    const rate = steadyRate(reports);
    if (rate.words !== records)
      throw new Error(`the sink saw ${rate.words} records instead of ${records}: the run is void`);
    return { ...rate, ...jobRun };
  });
}
