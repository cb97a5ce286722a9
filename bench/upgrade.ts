/**
 * Question: for how long does the sink see nothing when a running word count is upgraded by editing its manifest, beside Apache Flink's
 * stop-with-savepoint and restore on the same machine in turns?
 *
 * With `--cluster`: the same on a real Kubernetes with checkpoints in MinIO, with this state and one of a million keys, beside the
 * embedded cluster.
 *
 * Owns: the laps and rounds, the figures. Not here: the ways to upgrade (upgrade/streamjob-system.ts, upgrade/cluster-system.ts,
 * upgrade/flink-system.ts), the cluster (upgrade/cluster-stage.ts).
 *
 * UQ1 The gap is from the last record of the old version to the first of the new one, as the sinks noted them with one clock: the
 *     machine's. A record of the old version after one of the new fails the bench.
 * UQ2 All do the same work: word count at the same rate and parallelism, checkpoints every second, a sink that writes the same lines.
 * UQ3 One after the other, never side by side, in laps of a few rounds each; in every other lap Flink goes first. The first rounds of
 *     each start are not counted: code is compiled, files are in the page cache by then.
 */
import { mkdirSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { shareText, watchOthers, warnOfShares } from "./measure/machine.ts";
import { withScratchFolder } from "./measure/scratch.ts";
import { spreadOf, spreadText } from "./measure/statistics.ts";
import { grouped, milliseconds, textTable } from "./measure/text-table.ts";
import { oneOf, type Question, readOptions, wholeNumber } from "./question.ts";
import { type ClusterStage, withClusterStage } from "./upgrade/cluster-stage.ts";
import { clusterSystem } from "./upgrade/cluster-system.ts";
import { findFlinkSystems } from "./upgrade/flink-system.ts";
import { streamJobCold, streamJobWarm } from "./upgrade/streamjob-system.ts";
import {
  type Moments,
  type RunningSystem,
  timesFolder,
  type UpgradedSystem,
  type UpgradePlan,
} from "./upgrade/upgraded-system.ts";

const ROUNDS = 10;
const ROUNDS_A_LAP = 5;
/** Of each start, not counted (UQ3). */
const WARM_UP_ROUNDS = 3;
/** Of a job in a cluster, whose processes are all new in each round: what is warm is the operator and the page cache. */
const CLUSTER_WARM_UP_ROUNDS = 1;
const CLUSTER_KEYS = 1_000_000;
const RATE = 10_000;
/** Between two upgrades. */
const PAUSE_MS = 2000;

type Plan = UpgradePlan & { readonly rounds: number };

/** Two that are compared round by round. Without a peer there is no ratio. */
type Pair = {
  readonly ours?: UpgradedSystem;
  readonly peer?: UpgradedSystem;
  readonly limitMs: number;
  readonly warmUps: number;
};

/**
 * Milliseconds. `up`: from the edit of the manifest until the new version is Ready; of a peer it says nothing (FLS2).
 * `since`: from the last record of the old version until a moment of the upgrade; negative before it.
 */
type Round = { readonly gap: number; readonly up: number; readonly since: Moments };
type Rounds = ReadonlyMap<UpgradedSystem, readonly Round[]>;

export const upgradeQuestion: Question = {
  summary:
    "the sink's downtime while a word count is upgraded by editing its manifest, warm and cold, beside Apache Flink in turns; or on a cluster",
  options: [
    `--rounds <n>        upgrades of each kind (default ${ROUNDS}), in laps of ${ROUNDS_A_LAP}; ${WARM_UP_ROUNDS} more a lap are not counted`,
    `--rate <n>          records a second (default ${RATE})`,
    "--parallelism <n>   default 2, on 2 TaskManagers",
    "--only <engine>     streamjob or flink (default: both in turns); with --cluster: embedded, small or large",
    `--cluster           beside warm, on a real Kubernetes with checkpoints in MinIO: small is this job, large has many keys (default ${ROUNDS_A_LAP} rounds)`,
    `--keys <n>          of large (default ${grouped(CLUSTER_KEYS)})`,
  ],
  run: ask,
};

async function ask(args: readonly string[]): Promise<0 | 1> {
  const options = readOptions(args, ["rounds", "rate", "parallelism", "only", "keys"], ["cluster"]);
  const isOnCluster = options.has("cluster");
  const plan: Plan = {
    rounds: wholeNumber(options, "rounds", { absent: isOnCluster ? ROUNDS_A_LAP : ROUNDS, least: 1, most: 1000 }),
    rate: wholeNumber(options, "rate", { absent: RATE, least: 100, most: 1_000_000 }),
    parallelism: wholeNumber(options, "parallelism", { absent: 2, least: 1, most: 64 }),
  };
  const keys = wholeNumber(options, "keys", { absent: CLUSTER_KEYS, least: 1000, most: 10_000_000 });
  if (isOnCluster) {
    const only = oneOf(options, "only", ["embedded", "small", "large"]);
    return withClusterStage((stage) => answer(plan, clusterPairs(stage, keys, only)));
  }
  const pairs = await findPairs(oneOf(options, "only", ["streamjob", "flink"]));
  return pairs === undefined ? 1 : answer(plan, pairs);
}

async function answer(plan: Plan, pairs: readonly Pair[]): Promise<0> {
  const rounds = await runLaps(plan, pairs);
  process.stdout.write(`\n${table(pairs, rounds)}\n${momentsTable(pairs, rounds)}\n${verdicts(pairs, rounds)}\n`);
  return 0;
}

async function findPairs(only: "streamjob" | "flink" | undefined): Promise<readonly Pair[] | undefined> {
  const ours = only === "flink" ? undefined : { warm: streamJobWarm, cold: streamJobCold };
  const found = only === "streamjob" ? undefined : await findFlinkSystems();
  if (found !== undefined && "missing" in found) {
    process.stdout.write(`Apache Flink is not measured here: ${found.missing}.\n`);
    if (ours === undefined) return undefined;
  }
  const peers = found === undefined || "missing" in found ? undefined : found;
  const warmUps = WARM_UP_ROUNDS;
  return [
    { ...(ours && { ours: ours.warm }), ...(peers && { peer: peers.oneCluster }), limitMs: 500, warmUps },
    { ...(ours && { ours: ours.cold }), ...(peers && { peer: peers.newProcess }), limitMs: 2000, warmUps },
  ];
}

function clusterPairs(
  stage: ClusterStage,
  keys: number,
  only: "embedded" | "small" | "large" | undefined,
): readonly Pair[] {
  const small = { name: "cluster, MinIO", jobName: "small", keys: null, checkpointInterval: "1s" };
  const name = `cluster, MinIO, ${grouped(keys)} keys`;
  const large = { name, jobName: "large", keys, checkpointInterval: "5s" };
  const warmUps = CLUSTER_WARM_UP_ROUNDS;
  const pairs = {
    embedded: { ours: streamJobWarm, limitMs: 500, warmUps: WARM_UP_ROUNDS },
    small: { ours: clusterSystem(stage, small), limitMs: 1000, warmUps },
    large: { ours: clusterSystem(stage, large), limitMs: 5000, warmUps },
  };
  return only === undefined ? Object.values(pairs) : [pairs[only]];
}

/** UQ3 */
async function runLaps(plan: Plan, pairs: readonly Pair[]): Promise<Rounds> {
  const all = new Map<UpgradedSystem, Round[]>();
  const shares: (number | undefined)[] = [];
  for (let lap = 0; lap * ROUNDS_A_LAP < plan.rounds; lap++) {
    const rounds = Math.min(ROUNDS_A_LAP, plan.rounds - lap * ROUNDS_A_LAP);
    for (const pair of pairs) {
      const systems = systemsOf(pair);
      for (const system of lap % 2 === 0 ? systems : systems.toReversed()) {
        const others = watchOthers();
        const measured = await withScratchFolder((folder) =>
          measure({ ...plan, rounds }, pair.warmUps, system, folder),
        );
        const share = others();
        shares.push(share);
        all.set(system, [...(all.get(system) ?? []), ...measured]);
        process.stdout.write(`  ${system.name}: others took ${shareText(share)} of all cores meanwhile\n`);
      }
    }
  }
  warnOfShares(shares);
  return all;
}

function systemsOf({ ours, peer }: Pair): readonly UpgradedSystem[] {
  return [ours, peer].filter((system) => system !== undefined);
}

async function measure(plan: Plan, warmUps: number, system: UpgradedSystem, folder: string): Promise<readonly Round[]> {
  mkdirSync(timesFolder(folder));
  const running = await system.start(plan, folder);
  const rounds: Round[] = [];
  try {
    for (let version = 1; version <= warmUps + plan.rounds; version++) {
      await sleep(PAUSE_MS);
      const round = await upgrade(running, version, folder);
      const isCounted = version > warmUps;
      if (isCounted) rounds.push(round);
      const upText = system.name.startsWith("flink") ? "" : `, Ready after ${milliseconds(round.up)}`;
      process.stdout.write(
        `  ${system.name} ${version}: ${milliseconds(round.gap)}${upText}${isCounted ? "" : " (not counted)"}\n`,
      );
    }
  } finally {
    await running.stop();
  }
  return rounds;
}

async function upgrade(running: RunningSystem, version: number, folder: string): Promise<Round> {
  const editedMs = performance.timeOrigin + performance.now();
  const moments = await running.upgrade(version);
  const up = performance.timeOrigin + performance.now() - editedMs;
  const { last, first } = gapBefore(timesFolder(folder), version);
  const all: Moments = new Map([["edit", editedMs], ...moments, ["first record", first]]);
  return { gap: first - last, up, since: new Map([...all].map(([name, atMs]) => [name, atMs - last])) };
}

function table(pairs: readonly Pair[], rounds: Rounds): string {
  const rows: string[][] = [["median (min … max)", "downtime", "edit to Ready", "rounds"]];
  const ratios: string[][] = [];
  for (const pair of pairs) {
    for (const system of systemsOf(pair)) {
      const of = rounds.get(system) ?? [];
      const gaps = of.map(({ gap }) => gap);
      const ups = system === pair.ours ? of.map(({ up }) => up) : [];
      rows.push([system.name, spreadText(gaps, milliseconds), spreadText(ups, milliseconds), String(of.length)]);
    }
    if (pair.ours === undefined || pair.peer === undefined) continue;
    const peers = rounds.get(pair.peer) ?? [];
    const ratio = (rounds.get(pair.ours) ?? []).map(({ gap }, place) => gap / (peers[place] as Round).gap);
    ratios.push([
      `${pair.ours.name} / ${pair.peer.name}`,
      spreadText(ratio, (value) => value.toFixed(2)),
      "",
      String(ratio.length),
    ]);
  }
  return textTable([...rows, ...ratios]);
}

/** Of each moment of an upgrade the median, in the order in which they come. */
function momentsTable(pairs: readonly Pair[], rounds: Rounds): string {
  const lines = pairs.flatMap(({ ours }) => {
    const of = ours === undefined ? [] : (rounds.get(ours) ?? []);
    const names = [...new Set(of.flatMap(({ since }) => [...since.keys()]))];
    const medians = names.map((name) => {
      const times = of.flatMap(({ since }) => since.get(name) ?? []);
      return { name, median: spreadOf(times).median };
    });
    const told = [...medians, { name: "last record", median: 0 }]
      .toSorted((one, other) => one.median - other.median)
      .map(({ name, median }) => `${name} ${median > 0 ? "+" : ""}${median.toFixed(0)}`);
    return ours === undefined ? [] : [`  ${ours.name}: ${told.join(", ")}\n`];
  });
  return `milliseconds from the old version's last record, medians:\n${lines.join("")}`;
}

function verdicts(pairs: readonly Pair[], rounds: Rounds): string {
  return pairs
    .flatMap(({ ours, limitMs }) => {
      if (ours === undefined) return [];
      const isBelow = spreadOf((rounds.get(ours) ?? []).map(({ gap }) => gap)).median < limitMs;
      return [`${ours.name}: median ${isBelow ? "below" : "NOT BELOW"} ${limitMs} ms`];
    })
    .join("; ");
}

/** UQ1 */
function gapBefore(times: string, version: number): { readonly last: number; readonly first: number } {
  const noted = [version - 1, version].map((wanted) =>
    readdirSync(times)
      .filter((name) => name.startsWith(`v${wanted}-`))
      .flatMap((name) => readFileSync(join(times, name), "utf8").split("\n"))
      .filter((line) => line !== "")
      .map((line) => Number(line.split(" ", 1)[0])),
  );
  const last = Math.max(...(noted[0] ?? []));
  const first = Math.min(...(noted[1] ?? []));
  if (!Number.isFinite(last) || !Number.isFinite(first))
    throw new Error(`no records of version ${version} or before it`);
  if (first < last)
    throw new Error(`version ${version - 1} still wrote ${last - first} ms after version ${version} had begun`);
  return { last, first };
}
