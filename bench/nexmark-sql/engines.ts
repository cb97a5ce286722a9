/**
 * Owns: what runs a query of the SQL bench: StreamJob's SQL and Apache Flink's, each one run to its end.
 *
 * NXEN1 A machine without Java or Maven has no Flink; that is said, and no error.
 */
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { performance } from "node:perf_hooks";
import { buildFlink } from "../flink/build.ts";
import { runFlink } from "../measure/flink-run.ts";
import { withScratchFolder } from "../measure/scratch.ts";
import { runStreamJob } from "../measure/streamjob-run.ts";
import { type Fingerprint, sumOf } from "./fingerprint-sink.ts";
import { sqlQueries } from "./queries.ts";

export const engineNames = ["streamjob", "flink"] as const;

export type SqlWork = {
  readonly query: string;
  readonly events: number;
  readonly parallelism: number;
  /** Rows of a mini-batch; 0: there are none. */
  readonly miniBatch: number;
};

export type SqlRun = Fingerprint & {
  /** Of the whole process tree. */
  readonly microsPerEvent: number | undefined;
  /** From the start of the first process to the end of the last. */
  readonly eventsPerSecond: number;
  readonly checkpoints: number;
  readonly others: number | undefined;
};

export type SqlEngine = { readonly name: (typeof engineNames)[number]; run(work: SqlWork): Promise<SqlRun> };

const CHECKPOINT_MS = 5000;
const JOB = new URL("./job.ts", import.meta.url);

/** Those that were asked for, or both; `missing`: why Flink is not among them though it was asked for. */
export async function findEngines(
  only: SqlEngine["name"] | undefined,
): Promise<{ readonly engines: readonly SqlEngine[]; readonly missing: string | null }> {
  const ours: SqlEngine = { name: "streamjob", run: (work) => timed(work, () => runOurs(work)) };
  if (only === "streamjob") return { engines: [ours], missing: null };
  const built = await buildFlink();
  if ("missing" in built) return { engines: only === undefined ? [ours] : [], missing: built.missing };
  const flink: SqlEngine = {
    name: "flink",
    run: (work) =>
      timed(work, async () => {
        const { text, tables, determined, weight } = sqlQueries.get(work.query) as NonNullable<
          ReturnType<typeof sqlQueries.get>
        >;
        const numbers = [work.events, work.parallelism, CHECKPOINT_MS, work.miniBatch].map(String);
        const run = await runFlink(built, "NexmarkSql", [
          text,
          tables.join(),
          determined.join(),
          weight ?? "",
          ...numbers,
        ]);
        const printed = JSON.parse(run.stdout) as Fingerprint & { readonly checkpoints: number };
        return { ...printed, cpuSeconds: run.cpuSeconds, others: run.others };
      }),
  };
  return { engines: only === undefined ? [ours, flink] : [flink], missing: null };
}

type EngineRun = Fingerprint & {
  readonly checkpoints: number;
  readonly cpuSeconds: number | undefined;
  readonly others: number | undefined;
};

async function timed({ events }: SqlWork, run: () => Promise<EngineRun>): Promise<SqlRun> {
  const start = performance.now();
  const { cpuSeconds, ...result } = await run();
  const seconds = (performance.now() - start) / 1000;
  const microsPerEvent = cpuSeconds === undefined ? undefined : (cpuSeconds / events) * 1e6;
  return { ...result, microsPerEvent, eventsPerSecond: events / seconds };
}

function runOurs({ query, events, parallelism, miniBatch }: SqlWork): Promise<EngineRun> {
  return withScratchFolder(async (folder) => {
    const args = [query, events, folder, CHECKPOINT_MS, miniBatch].map(String);
    const run = await runStreamJob(join(folder, "home"), { module: JOB, args, parallelism });
    const reports = readdirSync(folder)
      .filter((name) => name.startsWith("query-"))
      .map((name) => JSON.parse(readFileSync(join(folder, name), "utf8")) as Fingerprint);
    return { ...sumOf(reports), ...run };
  });
}
