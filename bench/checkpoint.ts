/**
 * Question: what does a checkpoint of a million keys cost a job that goes on, and how long does it take to start from one?
 *
 * Owns: the order of what is measured, and the figures. Not here: the job (checkpoint/job.ts), what it sees of time
 * (checkpoint/stall-probe.ts), its processes (checkpoint/probed-job.ts).
 *
 * CQ1 Snapshots are taken one at a time, from a state that is filled, while updates come at a fixed rate.
 * CQ2 A restored job whose updates find keys without state was not restored: that fails the bench.
 */
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { withStores, type MeasuredStore, storeNames } from "./checkpoint/stores.ts";
import { measureBackpressure } from "./checkpoint/backpressure.ts";
import { ProbedJob } from "./checkpoint/probed-job.ts";
import type { Gaps, ProbeReport, SnapshotSeen } from "./checkpoint/stall-probe.ts";
import { shareText, watchOthers, warnOfShares } from "./measure/machine.ts";
import { withScratchFolder } from "./measure/scratch.ts";
import { spreadText } from "./measure/statistics.ts";
import { grouped, milliseconds, textTable } from "./measure/text-table.ts";
import { oneOf, type Question, readOptions, wholeNumber } from "./question.ts";

const KEYS = 1_000_000;
const UPDATES_PER_SECOND = 50_000;
const SNAPSHOTS = 5;
const RESTORES = 3;
const BACKPRESSURED = 3;
/** Time before the first snapshot, and between two. */
const PAUSE_MS = 2000;
/** How many keys a restored job must have updated before it is believed (CQ2). */
const PROOF_MS = 1000;
/** What the project promises of a stall in a snapshot of a million keys. */
const STALL_MS_MAX = 100;

type Plan = {
  readonly keys: number;
  readonly updatesPerSecond: number;
  readonly snapshots: number;
  readonly restores: number;
};

type Snapshot = {
  readonly endToEndMs: number;
  readonly syncMs: number;
  readonly asyncMs: number;
  readonly gaps: Gaps;
  /** null: filling lies in it. */
  readonly gapsBefore: Gaps | null;
  readonly updates: number;
  readonly bytes: number;
  readonly location: string;
};

type Start = { readonly openedMs: number; readonly firstRecordMs: number };

export const checkpointQuestion: Question = {
  summary: "a checkpoint of 1 M keys of 100 bytes under load: its parts, the longest stall, restoring from it",
  options: [
    `--keys <n>          keys in state (default ${grouped(KEYS)})`,
    `--rate <n>          updates a second of the whole job (default ${grouped(UPDATES_PER_SECOND)})`,
    `--snapshots <n>     for each parallelism (default ${SNAPSHOTS})`,
    `--restores <n>      for each parallelism (default ${RESTORES})`,
    "--parallelism <n>   only this one (default: 1, then 2)",
    "--store s3          a local folder, then MinIO on this machine (default: a local folder alone)",
    "--backpressure <n>  only that many checkpoints behind a slow sink (default: 3 after the rest; 0: none)",
  ],
  run: ask,
};

async function ask(args: readonly string[]): Promise<0 | 1> {
  const options = readOptions(args, ["keys", "rate", "snapshots", "restores", "parallelism", "backpressure", "store"]);
  const plan: Plan = {
    keys: wholeNumber(options, "keys", { absent: KEYS, least: 1000, most: 100_000_000 }),
    updatesPerSecond: wholeNumber(options, "rate", { absent: UPDATES_PER_SECOND, least: 100, most: 10_000_000 }),
    snapshots: wholeNumber(options, "snapshots", { absent: SNAPSHOTS, least: 1, most: 50 }),
    restores: wholeNumber(options, "restores", { absent: RESTORES, least: 0, most: 50 }),
  };
  const asked = wholeNumber(options, "parallelism", { absent: 0, least: 1, most: 128 });
  const slow = wholeNumber(options, "backpressure", { absent: BACKPRESSURED, least: 0, most: 50 });
  const isOnlySlow = options.has("backpressure") && slow > 0;
  const store = oneOf(options, "store", storeNames) ?? "local";
  await withStores(store, async (stores) => {
    for (const parallelism of isOnlySlow ? [] : asked === 0 ? [1, 2] : [asked])
      for (const one of stores) await withScratchFolder((folder) => measure(plan, one, { parallelism, folder }));
  });
  if (slow > 0) await withScratchFolder((folder) => measureSlow(slow, asked === 0 ? 2 : asked, folder));
  return 0;
}

/** An aligned checkpoint waits behind all that is under way to the sink. */
async function measureSlow(checkpoints: number, parallelism: number, folder: string): Promise<void> {
  print(`behind a sink of 10 ms a record, parallelism ${parallelism}: end to end, median (min … max)\n`);
  for (const isDebloated of [true, false]) {
    // One is enough to see it without: it takes minutes.
    const plan = { folder, parallelism, checkpoints: isDebloated ? checkpoints : 1, isDebloated };
    const what = isDebloated ? "buffer debloating (default)" : "bounded by bytes alone";
    print(`  ${what}: ${spreadText(await measureBackpressure(plan), milliseconds)}\n`);
  }
}

async function measure(
  plan: Plan,
  store: MeasuredStore,
  { parallelism, folder }: { readonly parallelism: number; readonly folder: string },
): Promise<void> {
  const { keys, updatesPerSecond } = plan;
  print(
    `parallelism ${parallelism}, checkpoints in ${store.name}: ${grouped(keys)} keys, ${grouped(updatesPerSecond)} updates/s\n`,
  );
  const others = watchOthers();
  const { directory } = store;
  const common = { folder: join(folder, "filled"), directory, keys, updatesPerSecond, parallelism };
  const job = await ProbedJob.start({ ...common, restore: null });
  const fresh = await firstRecord(job);
  await job.until("all keys", (probes) => total(probes, (probe) => probe.newKeys) >= keys);
  print(`  filled ${((Date.now() - job.startedMs) / 1000).toFixed(1)} s after the start\n`);
  const snapshots = await takeSnapshots(job, plan.snapshots);
  await job.end();
  print(indented(snapshotTable(snapshots)));
  const location = (snapshots.at(-1) as Snapshot).location;
  const restored: Start[] = [];
  for (let round = 0; round < plan.restores; round++) {
    restored.push(await restore({ ...common, folder: join(folder, `restored-${round}`), restore: location }));
  }
  print(indented(startTable(fresh, restored)));
  const share = others();
  print(`  others took ${shareText(share)} of all cores meanwhile\n`);
  warnOfShares([share]);
  print(`${verdict(snapshots)}\n`);
}

async function takeSnapshots(job: ProbedJob, count: number): Promise<Snapshot[]> {
  const snapshots: Snapshot[] = [];
  for (let round = 0; round < count; round++) {
    await sleep(PAUSE_MS);
    const statistics = await job.checkpoint();
    const seen = (probe: ProbeReport): SnapshotSeen | undefined =>
      probe.snapshots.find(({ checkpointId }) => checkpointId === statistics.id);
    const probes = await job.until(`what the probes saw of checkpoint ${statistics.id}`, (all) => all.every(seen));
    const subtasks = probes.map((probe) => seen(probe) as SnapshotSeen);
    const fixedMs = Math.min(...subtasks.map((subtask) => subtask.fixedMs));
    snapshots.push({
      endToEndMs: statistics.end_to_end_duration,
      syncMs: Math.max(...subtasks.map((subtask) => subtask.syncMs)),
      asyncMs: statistics.latest_ack_timestamp - fixedMs,
      gaps: worstOf(subtasks.map((subtask) => subtask.gaps)),
      gapsBefore: round === 0 ? null : worstOf(subtasks.map((subtask) => subtask.gapsBefore)),
      updates: subtasks.reduce((sum, subtask) => sum + subtask.records, 0),
      bytes: statistics.state_size,
      location: statistics.external_path ?? "",
    });
  }
  return snapshots;
}

/** Starts from a checkpoint in a new job; proves that the state is there (CQ2). */
async function restore(options: Parameters<typeof ProbedJob.start>[0]): Promise<Start> {
  const job = await ProbedJob.start(options);
  const start = await firstRecord(job);
  await sleep(PROOF_MS);
  await job.end();
  const probes = job.probes();
  const [records, newKeys] = [total(probes, (probe) => probe.records), total(probes, (probe) => probe.newKeys)];
  if (newKeys === 0 && records > 0) return start;
  throw new Error(`of ${records} updates of the restored job ${newKeys} found no state: it was not restored`);
}

/** Milliseconds from the start of the processes until the last subtask had its state, and until it had its first record. */
async function firstRecord(job: ProbedJob): Promise<Start> {
  const probes = await job.until("the first record", (all) => all.every((probe) => probe.firstRecordMs !== null));
  return {
    openedMs: Math.max(...probes.map((probe) => probe.openedMs)) - job.startedMs,
    firstRecordMs: Math.max(...probes.map((probe) => probe.firstRecordMs ?? 0)) - job.startedMs,
  };
}

function snapshotTable(snapshots: readonly Snapshot[]): string {
  const stall = (gaps: Gaps | null): string[] =>
    gaps === null ? ["-", "-", "-"] : [gaps.ms, gaps.cpuMs, gaps.mostCpuMs].map(milliseconds);
  const rows = [
    [
      ["snapshot", "end to end", "sync", "async"],
      ["longest stall", "CPU in it", "most CPU in one"],
      ["stall before", "CPU in it", "most CPU in one"],
      ["updates", "state"],
    ].flat(),
    ...snapshots.map((snapshot, index) => [
      String(index + 1),
      `${snapshot.endToEndMs} ms`,
      milliseconds(snapshot.syncMs),
      `${snapshot.asyncMs} ms`,
      ...stall(snapshot.gaps),
      ...stall(snapshot.gapsBefore),
      grouped(snapshot.updates),
      `${(snapshot.bytes / 1e6).toFixed(1)} MB`,
    ]),
  ];
  const of = (value: (snapshot: Snapshot) => number): string => spreadText(snapshots.map(value), milliseconds);
  return (
    textTable(rows) +
    `median (min … max): end to end ${of((snapshot) => snapshot.endToEndMs)}, ` +
    `longest stall ${of((snapshot) => snapshot.gaps.ms)}\n`
  );
}

function startTable(fresh: Start, restored: readonly Start[]): string {
  const row = (name: string, starts: readonly Start[]): string[] => [
    name,
    spreadText(
      starts.map(({ openedMs }) => openedMs),
      milliseconds,
    ),
    spreadText(
      starts.map(({ firstRecordMs }) => firstRecordMs),
      milliseconds,
    ),
  ];
  return textTable([
    ["from the start of the processes until", "state is there", "first record"],
    row("without state", [fresh]),
    ...(restored.length === 0 ? [] : [row(`restored (${restored.length} times)`, restored)]),
  ]);
}

function verdict(snapshots: readonly Snapshot[]): string {
  const { ms, cpuMs, mostCpuMs } = worstOf(snapshots.map(({ gaps }) => gaps));
  const stall =
    `The longest stall in a snapshot was ${milliseconds(ms)}, with ${milliseconds(cpuMs)} of the thread's own processor time ` +
    `in it; no stall had more than ${milliseconds(mostCpuMs)} of that`;
  if (ms < STALL_MS_MAX) return `${stall}. It is below ${STALL_MS_MAX} ms.`;
  const cause = mostCpuMs < STALL_MS_MAX ? ": in the rest the machine gave time to others, or the thread waited" : "";
  return `${stall}. It is NOT below ${STALL_MS_MAX} ms${cause}.`;
}

function worstOf(all: readonly Gaps[]): Gaps {
  const longest = all.reduce((worst, gaps) => (gaps.ms > worst.ms ? gaps : worst));
  return { ...longest, mostCpuMs: Math.max(...all.map(({ mostCpuMs }) => mostCpuMs)) };
}

function total(probes: readonly ProbeReport[], of: (probe: ProbeReport) => number): number {
  return probes.reduce((sum, probe) => sum + of(probe), 0);
}

function indented(text: string): string {
  return text.replaceAll(/^(?=.)/gm, "  ");
}

function print(text: string): void {
  process.stdout.write(text);
}
