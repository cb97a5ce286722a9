/**
 * Owns: the current key of one back end, and the two numbers that tell whether a snapshot has to be thought of.
 * Not here: the tables (table.ts), the snapshots themselves (section.ts).
 * Called by: the back end before every record and timer; cursors when a state is used.
 *
 * KC1 `set` assigns and counts, nothing more: the lookup is left to the first state that is used (one per record and state).
 * KC2 A cursor whose serial equals the context's has looked up this very key. Serials start again after 2^30 keys; all
 *     cursors are made to forget then, so that an old one never fits by chance.
 * KC4 A key ends with the turn of its record or timer: after `release` there is none, and every cursor looks again, so that a
 *     state used by a promise or a timeout of the function's own is refused instead of belonging to whichever key came last.
 * KC3 `unwritten` is 0 exactly when no snapshot has sections left: then state access costs one predictable branch.
 */
import { StreamError } from "../../../base/index.ts";
import { type Key, type KeyIdentity, keyIdentity } from "../../record/index.ts";
import type { KeyedBackendOptions } from "../backend.ts";

/** Stays a small integer of V8 on every build. */
const SERIAL_MAX = 0x3fff_ffff;
/** The serial of a cursor that has looked up nothing. */
export const NO_SERIAL = -1;

export class KeyContext {
  readonly uid: string;
  readonly firstGroup: number;
  readonly groupCount: number;
  key: Key | undefined = undefined;
  hash = 0;
  serial = 0;
  /** Snapshots that have sections left to write. */
  unwritten = 0;
  /** The number of the newest snapshot; 0 before the first. */
  latest = 0;
  readonly #maxParallelism: number;
  /** maxParallelism - 1 when that is a power of two, else 0. */
  readonly #mask: number;
  readonly #cursors: { serial: number }[] = [];
  #identitySerial = NO_SERIAL;
  #hadKey = false;
  #compositeIdentity: KeyIdentity = null;

  constructor(options: KeyedBackendOptions) {
    const { keyGroups, maxParallelism, operatorUid } = options;
    this.uid = operatorUid;
    this.firstGroup = keyGroups.first;
    this.groupCount = keyGroups.last - keyGroups.first + 1;
    this.#maxParallelism = maxParallelism;
    this.#mask = (maxParallelism & (maxParallelism - 1)) === 0 ? maxParallelism - 1 : 0;
  }

  set(key: Key, hash: number): void {
    this.key = key;
    this.hash = hash;
    if (++this.serial >= SERIAL_MAX) this.#startSerialsAgain();
  }

  /** The turn is over: nobody may use a key until the next one is set (KC4). */
  release(): void {
    if (this.key === undefined) return;
    this.key = undefined;
    if (++this.serial >= SERIAL_MAX) this.#startSerialsAgain();
    this.#hadKey = true;
  }

  /** The current key's group, counted from the first one owned; out of bounds when the key belongs to another subtask. */
  groupIndex(): number {
    return this.groupIndexOf(this.hash);
  }

  groupIndexOf(hash: number): number {
    // A mask instead of a division: about 5 ns a record.
    const group = this.#mask !== 0 ? hash & this.#mask : (hash >>> 0) % this.#maxParallelism;
    return group - this.firstGroup;
  }

  identity(): KeyIdentity {
    const key = this.key;
    if (typeof key === "string" || typeof key === "number") return key;
    if (this.#identitySerial !== this.serial) {
      this.#compositeIdentity = keyIdentity(key as Key);
      this.#identitySerial = this.serial;
    }
    return this.#compositeIdentity;
  }

  /** Cursors that have to forget when serials start again (KC2). */
  register(cursor: { serial: number }): void {
    this.#cursors.push(cursor);
  }

  /** What is wrong when a state is used with no key, or with one of another subtask. */
  misuse(stateName: string): StreamError {
    if (this.key === undefined && this.#hadKey) {
      return new StreamError(
        "USED_OUT_OF_TURN",
        `state "${stateName}" of operator "${this.uid}" was used after the call of the function had returned, when its key was no longer the current one; use state and timers before process or onTimer returns, and do what has to wait for a promise in mapAsync, before this operator`,
        { destiny: "terminal" },
      );
    }
    if (this.key === undefined) {
      return new StreamError(
        "KEY_INVALID",
        `state "${stateName}" of operator "${this.uid}" was used while there is no current key; use keyed state only while a record or a timer of a keyed stream is processed, not in open()`,
        { destiny: "terminal" },
      );
    }
    const last = this.firstGroup + this.groupCount - 1;
    return new StreamError(
      "PROTOCOL_VIOLATION",
      `operator "${this.uid}" got a record of key group ${this.groupIndex() + this.firstGroup}, but this subtask owns ${this.firstGroup} to ${last}; the sender has another parallelism or hash`,
    );
  }

  #startSerialsAgain(): void {
    this.serial = 0;
    this.#identitySerial = NO_SERIAL;
    for (const cursor of this.#cursors) cursor.serial = NO_SERIAL;
  }
}
