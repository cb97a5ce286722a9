/**
 * Owns: the names of XA branches and of the locks that a subtask's connections hold: who made one, and whether it may be rolled back after a
 * restore. Pure.
 *
 * A branch: global id `sj-<sink>-<subtask>-<epoch>-<attempt>-<writer>-<number>`, qualifier `<id of its connection>`.
 * `sink`: 10 hexadecimal digits of a hash of the job's id and the sink's uid.
 *
 * MXI1 A branch names the connection that prepares it, so that whoever finds it can end that connection (XA1).
 * MXI2 A subtask rolls back only what an earlier incarnation of the same subtask left, or of a subtask that there is no more, as with part
 *      files (PN2, PN3).
 * MXI3 A predecessor that was not fenced, as the job of a savepoint that is named by its path, may run on: while a connection of it lives,
 *      nothing of it is ended, and this job is refused.
 */
import { assert, hexDigest } from "../../../base/index.ts";
import type { SinkContext } from "../../ports/index.ts";
import { literal } from "./sql-text.ts";

/** Of our branches; other programs on the server use others. */
const FORMAT_ID = 21354;
/** What MySQL takes as a global id. */
const ID_LENGTH_MAX = 64;

export type BranchName = {
  readonly globalId: string;
  /** Of the server's thread that prepares it. */
  readonly connectionId: number;
};

/** What `XA RECOVER` answers. */
export type RecoveredBranch = {
  readonly formatID: number;
  readonly gtrid_length: number;
  readonly bqual_length: number;
  readonly data: string | Uint8Array;
};

type Where = Pick<
  SinkContext,
  "jobId" | "predecessors" | "fenced" | "uid" | "subtask" | "parallelism" | "epoch" | "attempt"
>;

/** The names of one subtask's branches and locks. */
export class BranchNames {
  readonly #where: Where;
  readonly #sink: string;
  /** Of predecessors; by name, the job. */
  readonly #foreignSinks: ReadonlyMap<string, string>;
  readonly #fencedSinks: ReadonlySet<string>;

  constructor(where: Where) {
    const { jobId, uid, predecessors = [], fenced = [] } = where;
    this.#where = where;
    this.#sink = hexDigest(10, jobId, uid);
    const earlier = predecessors.filter((id) => id !== jobId);
    this.#foreignSinks = new Map(earlier.map((id) => [hexDigest(10, id, uid), id]));
    this.#fencedSinks = new Set(fenced.map((id) => hexDigest(10, id, uid)));
  }

  globalId(writer: string, number: number): string {
    const { subtask, epoch, attempt } = this.#where;
    const id = `sj-${this.#sink}-${subtask}-${epoch}-${attempt}-${writer}-${number}`;
    assert(id.length <= ID_LENGTH_MAX, "the global id of an XA branch is too long");
    return id;
  }

  /** Whether a branch that is in no checkpoint is this subtask's to roll back (MXI2). */
  isOursToAbort({ globalId }: BranchName): boolean {
    const match = /^sj-([0-9a-f]{10})-(\d+)-(\d+)-(\d+)-[0-9a-f]+-\d+$/.exec(globalId);
    if (match === null) return false;
    const [sink, subtask, epoch, attempt] = [match[1] ?? "", Number(match[2]), Number(match[3]), Number(match[4])];
    const our = this.#where;
    const isForeign = this.#foreignSinks.has(sink);
    if (!isForeign && sink !== this.#sink) return false;
    const isOlder = isForeign || epoch < our.epoch || (epoch === our.epoch && attempt < our.attempt);
    return isOlder && (subtask < our.parallelism ? subtask : 0) === our.subtask;
  }

  /** The lock that connection `slot` of this subtask holds while it lives. */
  lock(slot: number): string {
    return `sj-${this.#sink}-${this.#where.subtask}-${slot}`;
  }

  /** All of this subtask and of its predecessors that were fenced: who holds one can commit nothing any more. */
  locks(slots: number): string[] {
    return [this.#sink, ...this.#fencedSinks].flatMap((sink) => this.#locksOf(sink, slots));
  }

  /** Of predecessors that were not fenced, and may live: their jobs, and their locks (MXI3). */
  locksOfOthers(slots: number): (readonly [job: string, lock: string])[] {
    return [...this.#foreignSinks]
      .filter(([sink]) => !this.#fencedSinks.has(sink))
      .flatMap(([sink, job]) => this.#locksOf(sink, slots).map((lock) => [job, lock] as const));
  }

  /** The job of a branch that may live (MXI3); null: of this one, or of one that was fenced. */
  otherJobOf({ globalId }: BranchName): string | null {
    const sink = globalId.slice(3, 13);
    return this.#fencedSinks.has(sink) ? null : (this.#foreignSinks.get(sink) ?? null);
  }

  #locksOf(sink: string, slots: number): string[] {
    return Array.from({ length: slots }, (_, slot) => `sj-${sink}-${this.#where.subtask}-${slot}`);
  }
}

/** As XA statements take it. */
export function xidText({ globalId, connectionId }: BranchName): string {
  return `${literal(globalId)}, ${literal(String(connectionId))}, ${FORMAT_ID}`;
}

/** The name of one of our branches; null of anybody else's. */
export function branchOf(found: RecoveredBranch): BranchName | null {
  if (found.formatID !== FORMAT_ID) return null;
  const data = typeof found.data === "string" ? found.data : Buffer.from(found.data).toString("latin1");
  const connectionId = Number(data.slice(found.gtrid_length, found.gtrid_length + found.bqual_length));
  return Number.isSafeInteger(connectionId) ? { globalId: data.slice(0, found.gtrid_length), connectionId } : null;
}
