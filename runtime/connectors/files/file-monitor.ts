/**
 * Owns: following a folder: which files are new, what was appended to known ones, and who reads it.
 * Not here: listing and cutting files (discovery.ts), reading (text-source.ts). It lives in the JobManager (split-enumerator.ts in room ports).
 *
 * FIM1 A file is known by its path, or, as long as it keeps one of them, by any of its names: it is never read again under it. (Devices and inodes
 *     tell files apart within one look only: they differ on another machine, where the JobManager may go on.)
 * FIM2 What is known is in the state. A path is forgotten once no file is there any more; but when a look finds no known file at all, nothing is: the
 *     volume may be away. So the state is as large as the list of files.
 * FIM3 With `readAppended`, only whole lines are given out: a split ends behind a line end. A file that became shorter, or begins with other bytes than
 *     before, fails the job for good: nobody knows what of it was lost.
 * FIM4 All splits of a file that is appended to go to one reader, in order: so lines of a file stay in order while the parallelism is the same.
 *     Others go to whoever asks.
 */
import { type FileHandle, open } from "node:fs/promises";
import { type Duration, StreamError } from "../../../base/index.ts";
import type { EnumeratorContext, SplitEnumerator } from "../../ports/index.ts";
import {
  cutFile,
  findFiles,
  type FoundFile,
  headBytes,
  headDigest,
  isMissing,
  readHead,
  type TextFileSplit,
  type TextFilesWanted,
} from "./discovery.ts";

export type MonitorOptions = {
  readonly wanted: TextFilesWanted;
  readonly every: Duration;
  readonly readAppended: boolean;
};

/** `end`: where what was given out ends. `head`: `headDigest` of a file of that size. */
type KnownFile = {
  readonly path: string;
  readonly end: number;
  readonly head: string;
  /** A packed file is given out whole: nothing can be appended to it. */
  readonly isPacked?: true;
};

export type MonitorState = {
  readonly files: readonly KnownFile[];
  readonly waiting: readonly TextFileSplit[];
};

type Look = {
  readonly present: ReadonlySet<string>;
  readonly changed: readonly { readonly file: KnownFile; readonly splits: readonly TextFileSplit[] }[];
};

/** Splits for one request: enough for files that are read in no time, and few enough for others to get some. */
const GRANT_MAX = 32;
const SCAN_BYTES = 64 << 10;
const NEWLINE = 0x0a;

export class FileMonitor implements SplitEnumerator<TextFileSplit, MonitorState> {
  readonly #options: MonitorOptions;
  readonly #context: EnumeratorContext<TextFileSplit>;
  readonly #looking: EnumeratorContext<TextFileSplit> & { readonly isMonitored: true };
  readonly #files = new Map<string, KnownFile>();
  readonly #asking = new Set<number>();
  #waiting: TextFileSplit[] = [];

  constructor(options: MonitorOptions, context: EnumeratorContext<TextFileSplit>) {
    this.#options = options;
    this.#context = context;
    this.#looking = { ...context, isMonitored: true };
    const { restored, name } = context;
    if (restored.kind === "readersOnly") {
      throw new StreamError(
        "STATE_INCOMPATIBLE",
        `source ${name}: the state is of a source that did not monitor its files: which of them were read to their end is not in it, and they would be ` +
          "read again. Give the source another uid, and leave the old state out (allowNonRestoredState)",
        { destiny: "terminal" },
      );
    }
    if (restored.kind === "none") return;
    const { files, waiting } = restored.state as MonitorState;
    for (const file of files) this.#files.set(file.path, file);
    this.#waiting = [...waiting];
  }

  start(): void {
    this.#context.callAsync(
      () => this.#look(),
      (look) => this.#take(look),
      this.#options.every,
    );
  }

  addReader(): void {
    this.#assign();
  }

  handleSplitRequest(subtask: number): void {
    this.#asking.add(subtask);
    this.#assign();
  }

  addSplitsBack(splits: readonly TextFileSplit[]): void {
    this.#waiting = [...splits, ...this.#waiting];
    this.#assign();
  }

  snapshot(): MonitorState {
    return { files: [...this.#files.values()], waiting: [...this.#waiting] };
  }

  /** Outside of the JobManager's turns: what is known does not change meanwhile. */
  async #look(): Promise<Look> {
    const { wanted, readAppended } = this.#options;
    const found = await findFiles({ ...wanted, isMonitored: true }, this.#context);
    const present = new Set<string>();
    const changed: Look["changed"][number][] = [];
    for (const file of found) {
      const name = file.names.find((each) => this.#files.has(each));
      const known = name === undefined ? undefined : this.#files.get(name);
      present.add(known?.path ?? file.path);
      const change = await (known === undefined
        ? this.#cutNew(file)
        : readAppended
          ? this.#cutAppended(known, file)
          : null);
      if (change !== null) changed.push(change);
    }
    return { present, changed };
  }

  #take({ present, changed }: Look): void {
    const known = [...this.#files.keys()];
    const gone = known.filter((path) => !present.has(path));
    // FIM2
    if (gone.length < known.length) for (const path of gone) this.#files.delete(path);
    for (const { file, splits } of changed) {
      this.#files.set(file.path, file);
      this.#waiting.push(...splits);
    }
    this.#assign();
  }

  /** null: there is nothing to read yet. */
  async #cutNew(file: FoundFile): Promise<Look["changed"][number] | null> {
    const { wanted, readAppended } = this.#options;
    // Also a packed one: it is about to be written.
    if (file.size === 0) return null;
    try {
      const { path, size } = file;
      const splits = (await cutFile({ path, size }, wanted, this.#looking)).map(withCount);
      const [first] = splits;
      if (first === undefined) return null;
      const known = { path, end: size, head: first.head ?? "" };
      if (first.packing !== undefined) return { file: { ...known, isPacked: true }, splits };
      if (!readAppended) return { file: known, splits };
      const end = await lastLineEnd(path, 0, size);
      return end === 0 ? null : await this.#cut(path, 0, end);
    } catch (error) {
      if (isMissing(error) || isMissing((error as Error).cause)) return null;
      throw error;
    }
  }

  async #cutAppended(known: KnownFile, { size, names }: FoundFile): Promise<Look["changed"][number] | null> {
    const { path, end: before } = known;
    if (known.isPacked === true || !names.includes(path) || size === before) return null;
    if (size < before) throw this.#replaced(path, `it has ${size} bytes, and had ${before} before`);
    try {
      const head = await readHead(path, size, this.#looking);
      if (headDigest(head.subarray(0, headBytes(before))) !== known.head)
        throw this.#replaced(path, "it begins with other bytes than before");
      const end = await lastLineEnd(path, before, size);
      return end === before ? null : await this.#cut(path, before, end);
    } catch (error) {
      if (isMissing(error) || isMissing((error as Error).cause)) return null;
      throw error;
    }
  }

  /** Both are line ends, or the file's beginning. */
  async #cut(path: string, from: number, to: number): Promise<Look["changed"][number]> {
    const { splitBytes } = this.#options.wanted;
    const head = headDigest(await readHead(path, to, this.#looking));
    const splits: TextFileSplit[] = [];
    for (let start = from; start < to; start += splitBytes) {
      splits.push(withCount({ path, start, end: Math.min(to, start + splitBytes), position: start, size: to, head }));
    }
    return { file: { path, end: to, head }, splits };
  }

  #assign(): void {
    const readers = this.#context.readers();
    if (this.#options.readAppended) return this.#assignToOwners(readers);
    for (const reader of readers) {
      if (!this.#asking.has(reader) || this.#waiting.length === 0) continue;
      this.#asking.delete(reader);
      const share = Math.ceil(this.#waiting.length / (2 * this.#context.parallelism));
      this.#context.assign(reader, this.#waiting.splice(0, Math.min(GRANT_MAX, share)));
    }
  }

  /** FIM4 */
  #assignToOwners(readers: readonly number[]): void {
    for (const reader of readers) {
      const own = this.#waiting.filter(({ path }) => ownerOf(path, this.#context.parallelism) === reader);
      if (own.length === 0) continue;
      this.#waiting = this.#waiting.filter((split) => !own.includes(split));
      this.#context.assign(reader, own);
    }
  }

  #replaced(path: string, how: string): StreamError {
    return new StreamError(
      "SOURCE_FAILED",
      `source ${this.#context.name}: ${path} was replaced or cut off: ${how}. With readAppended files may only grow; let a new file have a new name, ` +
        "put the old one back, or start the job without its state",
      { destiny: "terminal" },
    );
  }
}

/** The number of splits means nothing where more come. */
function withCount(split: Omit<TextFileSplit, "splits">): TextFileSplit {
  return { ...split, splits: 1 };
}

function ownerOf(path: string, parallelism: number): number {
  let hash = 0;
  for (let index = 0; index < path.length; index++) hash = (Math.imul(hash, 31) + path.charCodeAt(index)) >>> 0;
  return hash % parallelism;
}

/** The place behind the last line end in the bytes from `from` to `to`; `from`: there is none. */
async function lastLineEnd(path: string, from: number, to: number): Promise<number> {
  const handle = await open(path, "r");
  try {
    for (let end = to; end > from; ) {
      const begin = Math.max(from, end - SCAN_BYTES);
      const newline = (await readAt(handle, begin, end)).lastIndexOf(NEWLINE);
      if (newline >= 0) return begin + newline + 1;
      end = begin;
    }
    return from;
  } finally {
    await handle.close();
  }
}

/** Fewer bytes, when the file has become shorter: the next look tells that. */
async function readAt(handle: FileHandle, begin: number, end: number): Promise<Buffer> {
  const bytes = Buffer.alloc(end - begin);
  let filled = 0;
  while (filled < bytes.length) {
    const { bytesRead } = await handle.read(bytes, filled, bytes.length - filled, begin + filled);
    if (bytesRead === 0) break;
    filled += bytesRead;
  }
  return bytes.subarray(0, filled);
}
