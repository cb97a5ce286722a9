/**
 * Owns: a files sink that takes the place of what is in its folder: nothing of it is seen before all of its input has ended, and then what was there before is gone.
 * Not here: writing parts, and committing one (files-sink.ts).
 * Called by: files-sink.ts, for INSERT OVERWRITE.
 *
 * OVF1 What is replaced are the files of the folder whose names begin with neither `.` nor `_`, as they are when all input has ended: those that a table reads. They are named in the last
 *     transaction, so a commit that is repeated deletes nothing that came later.
 * OVF2 They are deleted before the parts get their visible names: who reads in between finds fewer rows, and never rows of both.
 */
import { readdir, unlink } from "node:fs/promises";
import { join } from "node:path";
import type { CommitOutcome, SinkContext, TransactionWriter, TwoPhaseCommitSink } from "../../ports/index.ts";
import { syncFolder } from "./durable.ts";
import { errorCodeOf, fileError } from "./file-error.ts";
import type { FilesTransaction } from "./files-sink.ts";

type FilesSink<T> = TwoPhaseCommitSink<T, FilesTransaction>;
type FilesWriter<T> = TransactionWriter<T, FilesTransaction>;

/** `folder`: absolute, where `sink` writes its parts. */
export function overwriting<T>(sink: FilesSink<T>, folder: string): FilesSink<T> {
  return {
    ...sink,
    commitsAtEnd: { isLast: ({ replaced }) => replaced !== undefined },
    createWriter: (context) => new OverwritingWriter(sink.createWriter(context), folder, context),
  };
}

class OverwritingWriter<T> implements FilesWriter<T> {
  readonly #parts: FilesWriter<T>;
  readonly #folder: string;
  readonly #context: SinkContext;

  constructor(parts: FilesWriter<T>, folder: string, context: SinkContext) {
    this.#parts = parts;
    this.#folder = folder;
    this.#context = context;
  }

  open(): void | Promise<void> {
    return this.#parts.open?.();
  }

  begin(): FilesTransaction | Promise<FilesTransaction> {
    return this.#parts.begin();
  }

  write(transaction: FilesTransaction, value: T, timestamp: number): void | Promise<void> {
    return this.#parts.write(transaction, value, timestamp);
  }

  /** OVF1 */
  async end(transaction: FilesTransaction): Promise<FilesTransaction> {
    try {
      const entries = await readdir(this.#folder, { withFileTypes: true });
      const files = entries.filter((entry) => !entry.isDirectory() && !/^[._]/.test(entry.name));
      return { ...transaction, replaced: files.map(({ name }) => name) };
    } catch (error) {
      throw fileError(this.#context.name, "list", this.#folder, error);
    }
  }

  prepare(transaction: FilesTransaction): FilesTransaction | Promise<FilesTransaction> {
    return this.#parts.prepare(transaction);
  }

  /** OVF2: the last transaction is the first that is committed. */
  async commit(transaction: FilesTransaction): Promise<CommitOutcome> {
    const { replaced = [] } = transaction;
    for (const name of replaced) await this.#delete(join(this.#folder, name));
    if (replaced.length > 0) await this.#syncFolder();
    return this.#parts.commit(transaction);
  }

  abort(transaction: FilesTransaction): void | Promise<void> {
    return this.#parts.abort(transaction);
  }

  abortAllExcept(keep: readonly FilesTransaction[]): void | Promise<void> {
    return this.#parts.abortAllExcept(keep);
  }

  async #delete(path: string): Promise<void> {
    try {
      await unlink(path);
    } catch (error) {
      if (errorCodeOf(error) !== "ENOENT") throw fileError(this.#context.name, "delete", path, error);
    }
  }

  async #syncFolder(): Promise<void> {
    try {
      await syncFolder(this.#folder);
    } catch (error) {
      throw fileError(this.#context.name, "sync the folder", this.#folder, error);
    }
  }

  close(): void | Promise<void> {
    return this.#parts.close?.();
  }
}
