/**
 * Owns: what answers Nexmark queries, and one run of each: StreamJob over columns, StreamJob over rows, Apache Flink.
 *
 * NXP1 A machine without Java or Maven has no Flink; that is said, and no error.
 */
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { buildFlink, type FlinkBuild } from "../flink/build.ts";
import { runProgram, withScratchFolder } from "../measure/scratch.ts";
import { runStreamJob } from "../measure/streamjob-run.ts";
import { type QueryReport, SUM_MODULUS } from "./checking-sink.ts";
import { queries } from "./queries.ts";

export const peerNames = ["columns", "rows", "flink"] as const;

export type QueryWork = { readonly query: string; readonly bids: number; readonly parallelism: number };

export type QueryRun = {
  readonly records: number;
  /** Of all that came out (NXS1). */
  readonly sum: number;
  /** Of the whole process tree. */
  readonly microsPerBid: number | undefined;
  readonly checkpoints: number;
  readonly others: number | undefined;
};

export type Peer = {
  readonly name: (typeof peerNames)[number];
  /** Whether it has the query. */
  answers(query: string): boolean;
  run(work: QueryWork): Promise<QueryRun>;
};

const CHECKPOINT_MS = 5000;
const JOB = new URL("./job.ts", import.meta.url);

/** Those that were asked for, or all; `missing`: why Flink is not among them though it was asked for. */
export async function findPeers(
  only: Peer["name"] | undefined,
): Promise<{ readonly peers: readonly Peer[]; readonly missing: string | null }> {
  const ours = (["columns", "rows"] as const)
    .filter((name) => only === undefined || only === name)
    .map(
      (name): Peer => ({
        name,
        answers: () => true,
        run: (work) => withScratchFolder((folder) => runOurs(name, work, folder)),
      }),
    );
  if (only !== undefined && only !== "flink") return { peers: ours, missing: null };
  const built = await buildFlink();
  if ("missing" in built) return { peers: ours, missing: built.missing };
  const flink: Peer = {
    name: "flink",
    answers: (query) => queries[query]?.isStateless === true,
    run: (work) => runFlink(built, work),
  };
  return { peers: [...ours, flink], missing: null };
}

async function runOurs(form: "columns" | "rows", work: QueryWork, folder: string): Promise<QueryRun> {
  const { query, bids, parallelism } = work;
  const args = [query, form, bids, folder, CHECKPOINT_MS].map(String);
  const run = await runStreamJob(join(folder, "home"), { module: JOB, args, parallelism });
  const reports = readdirSync(folder)
    .filter((name) => name.startsWith("query-"))
    .map((name) => JSON.parse(readFileSync(join(folder, name), "utf8")) as QueryReport);
  const records = reports.reduce((total, report) => total + report.records, 0);
  const sum = reports.reduce((total, report) => (total + report.sum) % SUM_MODULUS, 0);
  return { records, sum, checkpoints: run.checkpoints, others: run.others, microsPerBid: micros(run, bids) };
}

async function runFlink({ java, classpath }: FlinkBuild, { query, bids, parallelism }: QueryWork): Promise<QueryRun> {
  const args = [query, bids, parallelism, CHECKPOINT_MS].map(String);
  const run = await runProgram(java, ["-Xmx8g", "-cp", classpath, "NexmarkQuery", ...args]);
  if (run.exitCode !== 0) throw new Error(`NexmarkQuery ended with ${run.exitCode}:\n${run.stderr.slice(-4000)}`);
  const printed = JSON.parse(run.stdout) as Pick<QueryRun, "records" | "sum" | "checkpoints">;
  return { ...printed, others: run.others, microsPerBid: micros(run, bids) };
}

function micros({ cpuSeconds }: { readonly cpuSeconds: number | undefined }, bids: number): number | undefined {
  return cpuSeconds === undefined ? undefined : (cpuSeconds / bids) * 1e6;
}
