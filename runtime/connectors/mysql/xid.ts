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

type Where = Pick<SinkContext, "jobId" | "predecessors" | "uid" | "subtask" | "parallelism" | "epoch" | "attempt">;

/** The names of one subtask's branches and locks. */
export class BranchNames {
  readonly #where: Where;
  readonly #sink: string;
  readonly #foreignSinks: readonly string[];

  constructor(where: Where) {
    const { jobId, uid, predecessors = [] } = where;
    this.#where = where;
    this.#sink = hexDigest(10, jobId, uid);
    this.#foreignSinks = predecessors.filter((id) => id !== jobId).map((id) => hexDigest(10, id, uid));
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
    const isForeign = this.#foreignSinks.includes(sink);
    if (!isForeign && sink !== this.#sink) return false;
    const isOlder = isForeign || epoch < our.epoch || (epoch === our.epoch && attempt < our.attempt);
    return isOlder && (subtask < our.parallelism ? subtask : 0) === our.subtask;
  }

  /** The lock that connection `slot` of this subtask holds while it lives. */
  lock(slot: number): string {
    return `sj-${this.#sink}-${this.#where.subtask}-${slot}`;
  }

  /** All of this subtask and of its predecessors. */
  locks(slots: number): string[] {
    return [this.#sink, ...this.#foreignSinks].flatMap((sink) =>
      Array.from({ length: slots }, (_, slot) => `sj-${sink}-${this.#where.subtask}-${slot}`),
    );
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
