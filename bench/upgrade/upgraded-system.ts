/**
 * Owns: what every way to upgrade the running word count looks like to the question (upgrade.ts), and the wait for first records.
 * Not here: the ways (streamjob-system.ts, cluster-system.ts, flink-system.ts).
 */
import { readdirSync, statSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";

export type UpgradePlan = { readonly rate: number; readonly parallelism: number };

/** A way to upgrade. `start` runs version 0 and resolves when it is up; its sink notes times in `<folder>/times`. */
export type UpgradedSystem = {
  readonly name: string;
  start(plan: UpgradePlan, folder: string): Promise<RunningSystem>;
};

/** Epoch milliseconds by what began then, in order. */
export type Moments = ReadonlyMap<string, number>;

/** What runs until `stop`. */
export type RunningSystem = {
  /** Replaces the version before; resolves when the new one is up and its first records are noted. */
  upgrade(version: number): Promise<Moments>;
  stop(): Promise<void>;
};

export function timesFolder(folder: string): string {
  return join(folder, "times");
}

const POLL_MS = 20;
const POLLS_MAX = 6000;

/** `check`: called between polls, throws when waiting has become useless. */
export async function firstRecords(times: string, version: number, check: () => void): Promise<void> {
  for (let polls = 0; polls < POLLS_MAX; polls++) {
    check();
    const files = readdirSync(times).filter((name) => name.startsWith(`v${version}-`));
    if (files.some((name) => statSync(join(times, name)).size > 0)) return;
    await sleep(POLL_MS);
  }
  throw new Error(`the sink had no record of version ${version} after 2 minutes`);
}
