/**
 * Owns: what the operators of one task that hold rows may use: their share of the slot's memory, and local files (ports/spill.ts).
 * Called by: task-builder.ts. Not here: what is in the files (runtime/spill).
 *
 * SPF1 A file has no name as soon as it is open: whatever ends the process, kill -9 too, its space is given back, and nobody else can open it.
 * SPF2 What is left open is closed with the task.
 * SPF3 A slot may run one task of each vertex of the job, so every operator that spills gets the same share, whichever of them is here.
 * SPF4 Writing and reading are synchronous: an operator writes a block between two steps of the task. A block is small and lands in the page cache, and nothing waits that would have to be
 *     ordered.
 */
import { closeSync, openSync, readSync, unlinkSync, writeSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { getHeapStatistics } from "node:v8";
import { StreamError, systemRandom, thrownText } from "../../base/index.ts";
import type { JobGraph } from "../graph/index.ts";
import type { OperatorFactory, SpillFile, SpillSpace } from "../ports/index.ts";

/** Random bytes of a name. */
const NAME_BYTES = 8;

/** Of one task. */
export class TaskSpills implements SpillSpace {
  readonly budgetBytes: number;
  readonly #folder: string;
  readonly #open = new Set<LocalSpillFile>();

  constructor(graph: JobGraph) {
    const { managedFraction, spillFolder } = graph.configuration.memory;
    const managedBytes = getHeapStatistics().heap_size_limit * managedFraction;
    this.budgetBytes = Math.floor(managedBytes / Math.max(1, spillingOperators(graph)));
    this.#folder = spillFolder ?? tmpdir();
  }

  create(): SpillFile {
    const file = new LocalSpillFile(this.#folder, () => this.#open.delete(file));
    this.#open.add(file);
    return file;
  }

  /** SPF2 */
  close(): void {
    for (const file of this.#open) file.close();
  }
}

/** SPF3 */
function spillingOperators({ vertices }: JobGraph): number {
  let count = 0;
  for (const { operators } of vertices)
    for (const { node } of operators)
      if ((node.logic as Partial<OperatorFactory<unknown, unknown>>).spills === true) count += 1;
  return count;
}

class LocalSpillFile implements SpillFile {
  readonly #path: string;
  readonly #onClose: () => void;
  #descriptor: number | null;
  #length = 0;

  constructor(folder: string, onClose: () => void) {
    this.#path = join(folder, `streamjob-spill-${systemRandom.hex(NAME_BYTES)}`);
    this.#onClose = onClose;
    try {
      this.#descriptor = openSync(this.#path, "wx+", 0o600);
      // SPF1
      unlinkSync(this.#path);
    } catch (error) {
      throw this.#failed("cannot be made", error);
    }
  }

  append(bytes: Uint8Array): number {
    const offset = this.#length;
    try {
      for (let at = 0; at < bytes.length; ) at += writeSync(this.#opened, bytes, at, bytes.length - at, offset + at);
    } catch (error) {
      throw this.#failed(`takes no more than its ${offset} bytes`, error);
    }
    this.#length = offset + bytes.length;
    return offset;
  }

  read(offset: number, into: Uint8Array): void {
    let at = 0;
    try {
      for (let got = 1; at < into.length && got > 0; at += got)
        got = readSync(this.#opened, into, at, into.length - at, offset + at);
    } catch (error) {
      throw this.#failed("cannot be read", error);
    }
    if (at < into.length)
      throw new StreamError(
        "SPILL_FAILED",
        `the file of spilled rows ${this.#path} ends at ${offset + at} bytes of ${this.#length}: it was cut`,
      );
  }

  close(): void {
    const descriptor = this.#descriptor;
    if (descriptor === null) return;
    this.#descriptor = null;
    this.#onClose();
    closeSync(descriptor);
  }

  get #opened(): number {
    if (this.#descriptor === null) throw new Error("it is closed");
    return this.#descriptor;
  }

  #failed(what: string, cause: unknown): StreamError {
    return new StreamError(
      "SPILL_FAILED",
      `the file of spilled rows ${this.#path} ${what}: ${thrownText(cause)}. Free space there, set io.tmp.dirs to another folder, or give the TaskManager more memory`,
      { cause },
    );
  }
}
