/**
 * Question: for how long does the sink see nothing when a running word count is upgraded by editing its manifest?
 *
 * Owns: the rounds and the figures. Not here: the job (upgrade/job.ts), the cluster (runtime/cli's control plane).
 *
 * UQ1 The gap is from the last record of the old version to the first of the new one, as the sink noted them with one clock: the
 *     machine's. A record of the old version after one of the new fails the bench.
 * UQ2 Each round changes the job's arguments (the version), which costs a savepoint upgrade: the dearest kind of change.
 * UQ3 Nothing is cleverly prepared: the pods of the new version start when the manifest is applied, as on any cluster.
 */
import { mkdirSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { readStreamJobStatus, type StreamJob } from "../crds/index.ts";
import { createLog } from "../runtime/base/index.ts";
import { type ControlPlane, startControlPlane } from "../runtime/cli/index.ts";
import { shareText, watchOthers, warnOfShares } from "./measure/machine.ts";
import { withScratchFolder } from "./measure/scratch.ts";
import { spreadOf, spreadText } from "./measure/statistics.ts";
import { milliseconds, textTable } from "./measure/text-table.ts";
import { type Question, readOptions, wholeNumber } from "./question.ts";

const ROUNDS = 10;
const RATE = 10_000;
/** Between two upgrades. */
const PAUSE_MS = 2000;
const LIMIT_MS = { warm: 500, cold: 2000 };
const JOB = fileURLToPath(new URL("./upgrade/job.ts", import.meta.url));
const KEY = { namespace: "default", name: "words" };

type Standby = "warm" | "cold";
type Plan = { readonly rounds: number; readonly rate: number; readonly parallelism: number };

/** Milliseconds. `ready`: from the edit of the manifest until the new version is Ready. */
type Round = { readonly gap: number; readonly ready: number };

export const upgradeQuestion: Question = {
  summary: "the sink's downtime while a word count is upgraded by editing its manifest, warm and cold",
  options: [
    `--rounds <n>        upgrades of each kind (default ${ROUNDS})`,
    `--rate <n>          records a second (default ${RATE})`,
    "--parallelism <n>   default 2, on 2 TaskManagers",
  ],
  run: ask,
};

async function ask(args: readonly string[]): Promise<0 | 1> {
  const options = readOptions(args, ["rounds", "rate", "parallelism"]);
  const plan: Plan = {
    rounds: wholeNumber(options, "rounds", { absent: ROUNDS, least: 1, most: 1000 }),
    rate: wholeNumber(options, "rate", { absent: RATE, least: 100, most: 1_000_000 }),
    parallelism: wholeNumber(options, "parallelism", { absent: 2, least: 1, most: 64 }),
  };
  const rows: string[][] = [["standby", "downtime", "edit to Ready", "rounds"]];
  const verdicts: string[] = [];
  for (const standby of ["warm", "cold"] as const) {
    const rounds = await withScratchFolder((folder) => measure(plan, standby, folder));
    const gaps = rounds.map(({ gap }) => gap);
    rows.push([
      standby,
      spreadText(gaps, milliseconds),
      spreadText(
        rounds.map(({ ready }) => ready),
        milliseconds,
      ),
      String(rounds.length),
    ]);
    const isBelow = spreadOf(gaps).median < LIMIT_MS[standby];
    verdicts.push(`${standby}: median ${isBelow ? "below" : "NOT BELOW"} ${LIMIT_MS[standby]} ms`);
  }
  process.stdout.write(`\n${textTable(rows, ["left", "right", "right", "right"])}\n${verdicts.join("; ")}\n`);
  return 0;
}

async function measure(plan: Plan, standby: Standby, folder: string): Promise<Round[]> {
  const times = join(folder, "times");
  mkdirSync(times);
  const log = createLog({ process: "bench" }, { file: join(folder, "control-plane.log") });
  const plane = await startControlPlane({ folder: join(folder, "plane"), log });
  const rounds: Round[] = [];
  const others = watchOthers();
  try {
    await apply(plane, manifest(plan, standby, times, 0));
    await ready(plane);
    for (let version = 1; version <= plan.rounds; version++) {
      await sleep(PAUSE_MS);
      const editedMs = performance.now();
      await apply(plane, manifest(plan, standby, times, version));
      await ready(plane);
      const round = { gap: gapBefore(times, version), ready: performance.now() - editedMs };
      rounds.push(round);
      process.stdout.write(
        `  ${standby} ${version}: ${milliseconds(round.gap)}, Ready after ${milliseconds(round.ready)}\n`,
      );
    }
  } finally {
    await plane.stop();
  }
  const share = others();
  process.stdout.write(`  others took ${shareText(share)} of all cores meanwhile\n`);
  warnOfShares([share]);
  return rounds;
}

function manifest({ rate, parallelism }: Plan, standby: Standby, times: string, version: number): StreamJob {
  return {
    apiVersion: "streamjob.dev/v1alpha1",
    kind: "StreamJob",
    metadata: KEY,
    spec: {
      job: { module: JOB, args: [String(rate), times, `v${version}`] },
      parallelism,
      taskManager: { replicas: Math.min(2, parallelism) },
      checkpoints: { interval: "1s" },
      upgrade: { standby, stability: { window: "500ms" } },
    },
  };
}

async function apply({ api }: ControlPlane, job: StreamJob): Promise<void> {
  await api.apply("StreamJob", job, { fieldManager: "bench" });
}

/** Of the generation that the object has now. */
async function ready({ api }: ControlPlane): Promise<void> {
  for (let tries = 0; tries < 6000; tries++) {
    const job = await api.get("StreamJob", KEY);
    const read = readStreamJobStatus(job?.status);
    if (read.kind === "read") {
      const { conditions, phase } = read.status;
      if (phase === "Failed") throw new Error(`the job failed: ${JSON.stringify(conditions)}`);
      const found = conditions.find(({ type }) => type === "Ready");
      if (found?.status === "True" && found.observedGeneration === job?.metadata.generation) return;
    }
    await sleep(20);
  }
  throw new Error("the job is not Ready after 2 minutes");
}

/** UQ1 */
function gapBefore(times: string, version: number): number {
  const noted = readdirSync(times).flatMap((name) =>
    readFileSync(join(times, name), "utf8")
      .split("\n")
      .filter((line) => line !== "")
      .map((line) => {
        const [atMs, label = ""] = line.split(" ");
        return { atMs: Number(atMs), version: Number(label.slice(1)) };
      }),
  );
  const last = Math.max(...noted.filter((note) => note.version === version - 1).map(({ atMs }) => atMs));
  const first = Math.min(...noted.filter((note) => note.version === version).map(({ atMs }) => atMs));
  if (!Number.isFinite(last) || !Number.isFinite(first))
    throw new Error(`no records of version ${version} or before it`);
  if (first < last)
    throw new Error(`version ${version - 1} still wrote ${last - first} ms after version ${version} had begun`);
  return first - last;
}
