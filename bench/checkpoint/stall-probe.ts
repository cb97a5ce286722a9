/**
 * Owns: the stream operator of the checkpoint bench: a row of state for each key, and what it sees of time while it works.
 * Not here: what the figures come to (checkpoint.ts). Runs in the slot's thread; its files are how it tells.
 *
 * STP1 A gap is the time between the ends of two successive records. One that overlaps a snapshot (from the barrier to
 *     the news that the checkpoint is complete) is the snapshot's, any other belongs to the time before the next snapshot.
 * STP2 The thread's own processor time is told beside a gap: a long gap with little of it was the machine's, not the engine's.
 *     It is read once in CPU_LOOK_MS, which is how far it may be too high.
 * STP3 The synchronous part is the time from `prepareSnapshot` until the states are fixed, which is when `committables` is asked.
 */
import { writeFileSync } from "node:fs";
import type { OperatorContext, OperatorFactory, Output, StreamOperator, ValueOf, ValueState } from "streamjob";
import { Row, textOf } from "./keyed-rows.ts";

/** The longest gap of a time, the thread's own processor time in it, and the most of that in any gap. */
export type Gaps = { readonly ms: number; readonly cpuMs: number; readonly mostCpuMs: number };

export type SnapshotSeen = {
  readonly checkpointId: number;
  /** Epoch milliseconds of the moment in which the states were fixed. */
  readonly fixedMs: number;
  readonly syncMs: number;
  readonly gaps: Gaps;
  /** Between the snapshot before and this; of the first snapshot: since the start, filling included. */
  readonly gapsBefore: Gaps;
  /** Records processed during the snapshot. */
  readonly records: number;
};

/** `probe-<subtask>.json`, written again several times a second while it changes. Times in epoch milliseconds. */
export type ProbeReport = {
  readonly subtask: number;
  /** State is restored and the operator opened. */
  readonly openedMs: number;
  /** null: none yet. */
  readonly firstRecordMs: number | null;
  /** As of this report. */
  readonly records: number;
  /** Records whose key had no state. */
  readonly newKeys: number;
  readonly snapshots: readonly SnapshotSeen[];
};

const REPORT_EVERY_MS = 200;
const CPU_LOOK_MS = 0.5;
const NO_GAPS: Gaps = { ms: 0, cpuMs: 0, mostCpuMs: 0 };

export function stallProbe(folder: string): OperatorFactory<string, ValueOf<typeof Row>> {
  return { kind: "operator", name: "rows", create: () => new StallProbe(folder) };
}

class StallProbe implements StreamOperator<string, ValueOf<typeof Row>> {
  readonly #folder: string;
  #context!: OperatorContext;
  #rows!: ValueState<ValueOf<typeof Row>>;
  #openedMs = 0;
  #firstRecordMs: number | null = null;
  #records = 0;
  #newKeys = 0;
  #reported = "";
  readonly #snapshots: SnapshotSeen[] = [];
  #lastMs = 0;
  #cpuMs = 0;
  #cpuReadMs = 0;
  #gaps = NO_GAPS;
  #gapsBefore = NO_GAPS;
  /** The snapshot that is under way. */
  #open: {
    readonly checkpointId: number;
    readonly startMs: number;
    readonly records: number;
    syncMs: number;
    fixedMs: number;
  } | null = null;
  /** A snapshot that is over, to which the gap that is still open belongs. */
  #ending: (() => void) | null = null;

  constructor(folder: string) {
    this.#folder = folder;
  }

  open(context: OperatorContext, _output: Output<ValueOf<typeof Row>>): void {
    if (context.keyed === null) throw new Error("the probe stands behind keyBy");
    this.#context = context;
    this.#rows = context.keyed.value({ name: "rows", type: Row });
    this.#openedMs = Date.now();
    this.#report();
  }

  process(key: string): void {
    const row = this.#rows.value();
    if (row === undefined) this.#newKeys += 1;
    this.#rows.update(row === undefined ? { updates: 1, text: textOf(key) } : { ...row, updates: row.updates + 1 });
    this.#records += 1;
    this.#look();
  }

  prepareSnapshot(checkpointId: number): void {
    const startMs = performance.now();
    this.#gapsBefore = this.#gaps;
    this.#gaps = NO_GAPS;
    this.#open = { checkpointId, startMs, records: this.#records, syncMs: 0, fixedMs: 0 };
  }

  committables(): number {
    if (this.#open !== null) {
      this.#open.syncMs = performance.now() - this.#open.startMs;
      this.#open.fixedMs = Date.now();
    }
    return 0;
  }

  onCheckpointComplete(checkpointId: number): void {
    const open = this.#open;
    if (open?.checkpointId !== checkpointId) return;
    this.#open = null;
    const { syncMs, fixedMs } = open;
    const records = this.#records - open.records;
    const gapsBefore = this.#gapsBefore;
    // The gap that is open now began in the snapshot (STP1).
    this.#ending = () => {
      this.#snapshots.push({ checkpointId, fixedMs, syncMs, gaps: this.#gaps, gapsBefore, records });
      this.#gaps = NO_GAPS;
    };
  }

  onCheckpointAborted(): void {
    this.#open = null;
  }

  close(): void {
    this.#reported = "";
    this.#write();
  }

  /** At the end of each record. */
  #look(): void {
    const nowMs = performance.now();
    const gapMs = nowMs - this.#lastMs;
    if (this.#firstRecordMs === null) this.#firstRecordMs = Date.now();
    else if (gapMs > this.#gaps.mostCpuMs) this.#note(gapMs);
    if (this.#ending !== null) {
      this.#ending();
      this.#ending = null;
    }
    if (nowMs - this.#cpuReadMs >= CPU_LOOK_MS) {
      this.#cpuMs = threadCpuMs();
      this.#cpuReadMs = nowMs;
    }
    this.#lastMs = nowMs;
  }

  /** A shorter gap than `mostCpuMs` can change nothing: a thread uses no more processor time than passes. */
  #note(ms: number): void {
    const cpuMs = threadCpuMs() - this.#cpuMs;
    const { ms: longestMs, mostCpuMs } = this.#gaps;
    const longest = ms > longestMs ? { ms, cpuMs } : { ms: longestMs, cpuMs: this.#gaps.cpuMs };
    this.#gaps = { ...longest, mostCpuMs: Math.max(mostCpuMs, Math.min(ms, cpuMs)) };
  }

  #report(): void {
    this.#write();
    this.#context.schedule(REPORT_EVERY_MS, () => this.#report());
  }

  /** Only while keys are new and when a snapshot was added: writing is no part of what is measured. */
  #write(): void {
    const state = `${this.#newKeys} ${this.#snapshots.length} ${this.#firstRecordMs} ${this.#openedMs}`;
    if (state === this.#reported) return;
    this.#reported = state;
    const { subtask } = this.#context;
    const report: ProbeReport = {
      subtask,
      openedMs: this.#openedMs,
      firstRecordMs: this.#firstRecordMs,
      records: this.#records,
      newKeys: this.#newKeys,
      snapshots: this.#snapshots,
    };
    writeFileSync(`${this.#folder}/probe-${subtask}.json`, JSON.stringify(report));
  }
}

function threadCpuMs(): number {
  const { user, system } = process.threadCpuUsage();
  return (user + system) / 1000;
}
