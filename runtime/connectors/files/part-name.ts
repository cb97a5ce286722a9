/**
 * Owns: the names of a files sink's parts: who wrote one, and whether it may be deleted after a restore. Pure.
 *
 * Visible: `<prefix>-<subtask>-<epoch>-<attempt>-<n>-<sink><suffix>`; before that hidden: `.<the same>.inprogress`.
 * `sink`: 10 hexadecimal digits of a hash of the job's id and the sink's uid.
 *
 * PN1 Epoch and attempt are in the name, and the job's id is in its hash: no incarnation of the job writes a name that another writes.
 * PN2 A subtask deletes only what an earlier incarnation *of the same subtask* left, or of a subtask that there is no more:
 *     attempts are counted by region, so another subtask's lower attempt may well be alive.
 * PN3 An incarnation under a job id of its own deletes what those left that it has taken over from, whatever their epochs: they are
 *     fenced, and what of theirs is to be committed is in the checkpoint that it goes on from.
 */
import { createHash } from "node:crypto";
import type { SinkContext } from "../../ports/index.ts";

/** Which writer, of all the subtasks and incarnations of one sink. */
export type PartAuthor = {
  readonly subtask: number;
  readonly epoch: number;
  readonly attempt: number;
  /** Of an incarnation under another job id, which this one has taken over from. */
  readonly isPredecessor?: boolean;
};

export type PartName = PartAuthor & { readonly number: number };

const HIDDEN_END = ".inprogress";

/** The names of one sink of one job. */
export class PartNames {
  readonly #prefix: string;
  readonly #end: string;
  /** Of the predecessors' names. */
  readonly #foreignEnds: readonly string[];

  constructor(prefix: string, suffix: string, context: Pick<SinkContext, "jobId" | "predecessors" | "uid">) {
    const { jobId, uid, predecessors = [] } = context;
    this.#prefix = prefix;
    this.#end = nameEnd(jobId, uid, suffix);
    this.#foreignEnds = predecessors.filter((id) => id !== jobId).map((id) => nameEnd(id, uid, suffix));
  }

  visible(name: PartName): string {
    return `${this.#prefix}-${name.subtask}-${name.epoch}-${name.attempt}-${name.number}${this.#end}`;
  }

  /** The author of a hidden part of this sink, or of a predecessor's; null when the name is any other. */
  authorOfHidden(fileName: string): PartAuthor | null {
    const own = this.#authorOf(fileName, this.#end);
    if (own !== null) return own;
    for (const end of this.#foreignEnds) {
      const author = this.#authorOf(fileName, end);
      if (author !== null) return { ...author, isPredecessor: true };
    }
    return null;
  }

  #authorOf(fileName: string, nameEnd: string): PartAuthor | null {
    const begin = `.${this.#prefix}-`;
    const end = `${nameEnd}${HIDDEN_END}`;
    if (!fileName.startsWith(begin) || !fileName.endsWith(end) || fileName.length < begin.length + end.length)
      return null;
    const match = /^(\d+)-(\d+)-(\d+)-\d+$/.exec(fileName.slice(begin.length, fileName.length - end.length));
    return match === null ? null : { subtask: Number(match[1]), epoch: Number(match[2]), attempt: Number(match[3]) };
  }
}

function nameEnd(jobId: string, uid: string, suffix: string): string {
  const hash = createHash("sha256")
    .update(JSON.stringify([jobId, uid]))
    .digest("hex");
  return `-${hash.slice(0, 10)}${suffix}`;
}

export function hiddenName(visibleName: string): string {
  return `.${visibleName}${HIDDEN_END}`;
}

/** Whether `our` subtask, after a restore, has to delete a hidden part that is in no checkpoint (PN2, PN3). */
export function isOursToSweep(author: PartAuthor, our: PartAuthor & { readonly parallelism: number }): boolean {
  const isOlder =
    author.isPredecessor === true ||
    author.epoch < our.epoch ||
    (author.epoch === our.epoch && author.attempt < our.attempt);
  const responsible = author.subtask < our.parallelism ? author.subtask : 0;
  return isOlder && responsible === our.subtask;
}
