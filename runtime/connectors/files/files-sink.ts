/**
 * Owns: the sink that writes part files into a folder, exactly once: a part becomes visible when its checkpoint is complete.
 * Not here: names (part-name.ts), one file while it is written (part-file.ts).
 *
 * FS1 Pre-committed is: closed, synced, its name synced, all under the hidden name. Commit is a rename, and syncing that name.
 * FS2 Commit may be repeated. Visible and not hidden: it was committed. Hidden and not visible: it is committed. Neither, or both,
 *     or the wrong length: somebody else was here, and the commit is impossible (EO-3).
 * FS3 A part never gets the name of a file that is there, hidden or visible.
 * FS4 After a restore the hidden parts of earlier incarnations that are in no checkpoint are deleted (PN2, PN3); the parts of other
 *     sinks, of this incarnation and of newer ones are not touched.
 */
import { existsSync } from "node:fs";
import { readdir, rename, stat, unlink } from "node:fs/promises";
import { basename, dirname, join, resolve } from "node:path";
import { assert } from "../../../base/index.ts";
import type { CommitOutcome, SinkContext, TransactionWriter, TwoPhaseCommitSink } from "../../ports/index.ts";
import { checkNumber, lineOf, optionInvalid } from "../kit/index.ts";
import { makeFolder, syncFolder } from "./durable.ts";
import { errorCodeOf, fileError } from "./file-error.ts";
import { PartFile } from "./part-file.ts";
import { overwriting } from "./overwriting-files.ts";
import { hiddenName, isOursToSweep, PartNames } from "./part-name.ts";

export type FilesSinkOptions<T> = {
  /** @internal See overwriting-files.ts. Default: parts are added to what is there, with each checkpoint. */
  readonly overwrites?: true;
  /** Made when it is not there. Relative: to the TaskManager's working directory. */
  readonly directory: string;
  /** A line without its end, or bytes, which are written as they are. Default: a string as it is, anything else as JSON. */
  readonly format?: (value: T) => string | Uint8Array;
  /** A part that has reached this length is closed and another one begun; at least 1. Default 128 MiB. */
  readonly rollBytes?: number;
  /** What names begin with, without `/`. Default `part`. */
  readonly prefix?: string;
  /** What names end with, such as `.jsonl`. Default nothing. */
  readonly suffix?: string;
  /** Default `files`. */
  readonly name?: string;
};

/** What a checkpoint keeps: the parts of one subtask since the checkpoint before. */
export type FilesTransaction = {
  readonly subtask: number;
  readonly epoch: number;
  readonly attempt: number;
  /** Counts the transactions of this incarnation. */
  readonly number: number;
  /** Absolute path of the visible file, and its length. Empty until pre-committed. */
  readonly parts: readonly { readonly path: string; readonly bytes: number }[];
  /** Of the last transaction of a sink that overwrites: names of the files that were there before it. */
  readonly replaced?: readonly string[];
};

const ROLL_BYTES = 128 << 20;

/** Writes lines into `directory`, exactly once, a part or more for each subtask and checkpoint. Errors: OPTION_INVALID. */
export function filesSink<T>(options: FilesSinkOptions<T>): TwoPhaseCommitSink<T, FilesTransaction> {
  const { directory, prefix = "part", suffix = "", name = "files", rollBytes = ROLL_BYTES } = options;
  if (typeof directory !== "string" || directory === "") throw optionInvalid(name, "give a directory");
  if (prefix === "" || /^\.|[/\0]/.test(prefix))
    throw optionInvalid(name, `the prefix "${prefix}" is no beginning of a visible file's name`);
  if (/[/\0]/.test(suffix)) throw optionInvalid(name, `the suffix "${suffix}" is no end of a file's name`);
  checkNumber(
    name,
    ["rollBytes", rollBytes],
    (bytes) => Number.isSafeInteger(bytes) && bytes >= 1,
    "a whole number from 1",
  );
  const settings = { directory: resolve(directory), format: options.format ?? lineOf, rollBytes };
  const createWriter = (context: SinkContext): TransactionWriter<T, FilesTransaction> =>
    new FilesWriter(settings, new PartNames(prefix, suffix, context), context);
  const sink = { kind: "sink", name, guarantee: "exactly-once", createWriter } as const;
  return options.overwrites === true ? overwriting(sink, settings.directory) : sink;
}

type Settings<T> = {
  readonly directory: string;
  readonly format: (value: T) => string | Uint8Array;
  readonly rollBytes: number;
};

/** A part and the path it will be visible at. */
type OpenPart = { readonly file: PartFile; readonly path: string };

class FilesWriter<T> implements TransactionWriter<T, FilesTransaction> {
  readonly #settings: Settings<T>;
  readonly #names: PartNames;
  readonly #context: SinkContext;
  #transactions = 0;
  #partNumber = 0;
  /** The parts of the open transaction, the last of which is written to. */
  #open: OpenPart[] = [];
  #last: PartFile | null = null;

  constructor(settings: Settings<T>, names: PartNames, context: SinkContext) {
    this.#settings = settings;
    this.#names = names;
    this.#context = context;
  }

  async open(): Promise<void> {
    const { directory } = this.#settings;
    try {
      await makeFolder(directory);
    } catch (error) {
      throw this.#error("make the folder", directory, error);
    }
  }

  begin(): FilesTransaction {
    assert(this.#open.length === 0, "a files sink began a transaction within another");
    const { subtask, epoch, attempt } = this.#context;
    return { subtask, epoch, attempt, number: this.#transactions++, parts: [] };
  }

  write(_transaction: FilesTransaction, value: T): void | Promise<void> {
    const last = this.#last;
    if (last !== null && last.bytes < this.#settings.rollBytes) {
      addTo(last, this.#settings.format(value));
      return;
    }
    addTo(this.#nextPart(), this.#settings.format(value));
  }

  async prepare(transaction: FilesTransaction): Promise<FilesTransaction> {
    const open = this.#open;
    this.#open = [];
    this.#last = null;
    const parts: { path: string; bytes: number }[] = [];
    try {
      for (const { file, path } of open) parts.push({ path, bytes: await file.finish() });
    } finally {
      for (const { file } of open) file.closeOnly();
    }
    await this.#syncDirectory(this.#settings.directory);
    return { ...transaction, parts };
  }

  async commit(transaction: FilesTransaction): Promise<CommitOutcome> {
    let renamed = 0;
    for (const part of transaction.parts) {
      const outcome = await this.#commitPart(part.path, part.bytes);
      if (outcome.kind === "impossible") return outcome;
      if (outcome.kind === "committed") renamed++;
    }
    for (const folder of new Set(transaction.parts.map(({ path }) => dirname(path)))) await this.#syncDirectory(folder);
    return { kind: renamed > 0 ? "committed" : "alreadyCommitted" };
  }

  async abort(transaction: FilesTransaction): Promise<void> {
    const open = this.#open;
    this.#open = [];
    this.#last = null;
    for (const { file } of open) file.discard();
    for (const { path } of transaction.parts) await this.#deleteHidden(join(dirname(path), hiddenName(basename(path))));
  }

  async abortAllExcept(keep: readonly FilesTransaction[]): Promise<void> {
    const { directory } = this.#settings;
    const kept = new Set(keep.flatMap(({ parts }) => parts.map(({ path }) => hiddenName(basename(path)))));
    const names = await readdir(directory).catch((error: unknown) => {
      throw this.#error("list", directory, error);
    });
    for (const name of names) {
      const author = this.#names.authorOfHidden(name);
      if (author === null || kept.has(name) || !isOursToSweep(author, this.#context)) continue;
      this.#context.log.info({ path: join(directory, name) }, "deleting a part file that is in no checkpoint");
      await this.#deleteHidden(join(directory, name));
    }
  }

  /** Leaves hidden parts as they are: what is prepared is committed by the next incarnation, the rest is swept. */
  close(): void {
    for (const { file } of this.#open) file.closeOnly();
    this.#open = [];
    this.#last = null;
  }

  #nextPart(): PartFile {
    const { directory } = this.#settings;
    for (;;) {
      const path = join(directory, this.#names.visible({ ...this.#context, number: this.#partNumber++ }));
      if (existsSync(path)) continue; // FS3
      const file = PartFile.create(this.#context.name, join(directory, hiddenName(basename(path))));
      if (file === null) continue;
      this.#open.push({ file, path });
      this.#last = file;
      return file;
    }
  }

  async #commitPart(path: string, bytes: number): Promise<CommitOutcome> {
    const hidden = join(dirname(path), hiddenName(basename(path)));
    // Visible before hidden: a zombie of this subtask that renames in between is then never taken for two files.
    const visibleBytes = await this.#lengthOf(path);
    const hiddenBytes = await this.#lengthOf(hidden);
    if (hiddenBytes === null) return await this.#committedBefore(hidden, path, bytes);
    if (visibleBytes !== null) {
      return impossible(`${path} stands in the way of ${hidden}: something else has made it; move it away`);
    }
    if (hiddenBytes !== bytes) return impossible(wrongLength(hidden, hiddenBytes, bytes));
    try {
      await rename(hidden, path);
      return { kind: "committed" };
    } catch (error) {
      // The zombie may have been quicker with the same rename.
      if (errorCodeOf(error) === "ENOENT") return await this.#committedBefore(hidden, path, bytes);
      throw this.#error("rename to its visible name", hidden, error);
    }
  }

  /** The hidden part is gone: the outcome. */
  async #committedBefore(hidden: string, path: string, bytes: number): Promise<CommitOutcome> {
    const visibleBytes = await this.#lengthOf(path);
    if (visibleBytes === bytes) return { kind: "alreadyCommitted" };
    if (visibleBytes !== null) return impossible(wrongLength(path, visibleBytes, bytes));
    return impossible(
      `neither ${hidden} nor ${path} is there: something else has moved or deleted it; put it back, or restore an older checkpoint`,
    );
  }

  async #lengthOf(path: string): Promise<number | null> {
    try {
      return (await stat(path)).size;
    } catch (error) {
      if (errorCodeOf(error) === "ENOENT") return null;
      throw this.#error("look at", path, error);
    }
  }

  async #deleteHidden(path: string): Promise<void> {
    try {
      await unlink(path);
    } catch (error) {
      if (errorCodeOf(error) !== "ENOENT") throw this.#error("delete", path, error);
    }
  }

  async #syncDirectory(folder: string): Promise<void> {
    try {
      await syncFolder(folder);
    } catch (error) {
      throw this.#error("sync the folder", folder, error);
    }
  }

  #error(doing: string, path: string, cause: unknown): Error {
    return fileError(this.#context.name, doing, path, cause);
  }
}

function addTo(file: PartFile, formatted: string | Uint8Array): void {
  if (typeof formatted === "string") file.addLine(formatted);
  else file.addBytes(formatted);
}

function impossible(reason: string): CommitOutcome {
  return { kind: "impossible", reason };
}

function wrongLength(path: string, actual: number, expected: number): string {
  return `${path} has ${actual} bytes, but ${expected} were written: something else has changed it; restore an older checkpoint`;
}
