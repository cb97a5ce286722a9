/**
 * Owns: the claim of the next epoch, the right to write a fence (checkpoint-log.ts).
 *
 * EPO1 One epoch has one holder: the claim is created only if absent, and counts only if, afterwards, no higher one is listed.
 *     The second half matters because claims of past epochs are cleaned up: whoever was stopped between listing and creating
 *     may then create one of those again, and finds out by the listing.
 * EPO2 Unknown outcomes are read back by nonce before anything is decided.
 * EPO4 A claim is `{"version": 1, "epoch", "processId", "nonce", "claimedMs", "jobId"}`, for people: programs go by its name alone, so that those of
 *     two versions fence each other.
 * EPO3 An EpochClaim is built here only; it is the proof.
 */
import { type Clock, type JobId, type Random, StreamError } from "../../base/index.ts";
import { failpoint } from "../failures/index.ts";
import type { ObjectStore } from "../storage/index.ts";
import { EPOCHS, epochKey, parseEpochKey } from "./layout.ts";

declare const proof: unique symbol;

/** The right to write into one job's log under one epoch, until a newer one has written. */
export type EpochClaim = {
  readonly epoch: number;
  readonly processId: string;
  readonly jobId: JobId;
  readonly store: ObjectStore;
  readonly random: Random;
  readonly clock: Clock;
  readonly [proof]: true;
};

export type ClaimOptions = {
  /** Fresh per started process; 32 hex digits. */
  readonly processId: string;
  readonly jobId: JobId;
  readonly random: Random;
  readonly clock: Clock;
};

const ATTEMPTS_MAX = 1000;

/** Claims the next epoch of the job whose root the store is. Errors: STORE_UNAVAILABLE, STORE_FULL. */
export async function claimEpoch(store: ObjectStore, options: ClaimOptions): Promise<EpochClaim> {
  const { processId, jobId, random, clock } = options;
  for (let attempt = 1; attempt <= ATTEMPTS_MAX; attempt++) {
    const epoch = (await readHighestEpoch(store)) + 1;
    const nonce = random.hex(16);
    const body = Buffer.from(JSON.stringify({ version: 1, epoch, processId, nonce, claimedMs: clock.nowMs(), jobId }));
    if (!(await create(store, epoch, body, nonce))) continue;
    if ((await readHighestEpoch(store)) !== epoch) continue;
    failpoint("jm:after-epoch-claim");
    return { epoch, processId, jobId, store, random, clock } as EpochClaim;
  }
  throw new StreamError(
    "STORE_UNAVAILABLE",
    `could not claim an epoch in ${store.uri}/${EPOCHS}: other JobManagers claimed first, ${ATTEMPTS_MAX} times in a row; check what keeps starting this job`,
  );
}

/** The highest claimed epoch; 0 when there is none. */
export async function readHighestEpoch(store: ObjectStore): Promise<number> {
  let highest = 0;
  for (const { key } of await store.list(EPOCHS)) highest = Math.max(highest, parseEpochKey(key) ?? 0);
  return highest;
}

async function create(store: ObjectStore, epoch: number, body: Uint8Array, nonce: string): Promise<boolean> {
  try {
    if ((await store.createIfAbsent(epochKey(epoch), body)) === "created") return true;
  } catch (error) {
    const held = await store.read(epochKey(epoch));
    if (held === null) throw error;
    return Buffer.from(held).includes(nonce);
  }
  // An adapter that tries again by itself may be told `exists` about its own first try.
  const held = await store.read(epochKey(epoch));
  return held !== null && Buffer.from(held).includes(nonce);
}
