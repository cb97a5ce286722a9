/**
 * Owns: what is done to a running job of SQL and its servers, by name. Not here: to its processes (process-faults.ts), to its store (store-faults.ts).
 *
 * XQF1 A fault undoes itself, and takes nothing of what a server holds: a table that is looked up in has the same rows all the time, since what DuckDB is asked knows no other.
 */
import { type Random, sleep, systemClock } from "../../../base/index.ts";
import { freezeServer } from "../../environment/control.ts";
import type { JobRun } from "../../integration/job-run.ts";
import { type ProcessFaultName, processFaults, signal } from "../process-faults.ts";
import { type StoreFaultName, storeFaults } from "../store-faults.ts";
import type { CacheServer, StoreServer } from "./servers.ts";

type SqlPlace = {
  readonly run: JobRun;
  readonly random: Random;
  /** Null: the job has none. */
  readonly store: StoreServer | null;
  readonly cache: CacheServer | null;
};

type CacheFault = (place: SqlPlace & { readonly cache: CacheServer }) => Promise<void>;

/** Rows that are being asked for go into the checkpoints of that time. */
export const cacheFaults = {
  "16 Redis answers late": (place) => frozen(place),
  "16 Redis answers late, and all TaskManagers are killed meanwhile": (place) =>
    frozen(place, () => place.run.cluster.pids().taskManagers.forEach((pid) => signal(pid, "SIGKILL"))),
} satisfies Record<string, CacheFault>;

export type SqlFaultName = ProcessFaultName | StoreFaultName | keyof typeof cacheFaults;

export const faultNames = [processFaults, storeFaults, cacheFaults].flatMap((faults) =>
  Object.keys(faults),
) as readonly SqlFaultName[];

/** Errors: the job does not have what is to break. */
export function breakOnce(name: SqlFaultName, place: SqlPlace): Promise<void> {
  const { run, random, store, cache } = place;
  if (name in processFaults) return processFaults[name as ProcessFaultName]({ run, random });
  if (name in storeFaults && store !== null) return storeFaults[name as StoreFaultName]({ store: store.proxy, random });
  if (cache !== null) return cacheFaults[name as keyof typeof cacheFaults]({ ...place, cache });
  throw new Error(`${name}: the job has no such server`);
}

/** `atLast`: before the server goes on. */
async function frozen(
  { cache, random }: Parameters<CacheFault>[0],
  atLast: () => void = () => undefined,
): Promise<void> {
  await freezeServer(cache.server, "SIGSTOP");
  await sleep(systemClock, 500 + random.next() * 2000);
  atLast();
  await freezeServer(cache.server, "SIGCONT");
}
