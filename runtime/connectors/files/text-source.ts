/**
 * Owns: the source of the lines of text files: its options and its reader.
 * Not here: which files and splits there are (discovery.ts), reading them (read-ahead.ts).
 *
 * TF1 A line ends at `\n`; a `\r` before it is not part of it. The last line of a file needs no line end; after a last `\n`
 *     there is no further, empty line. Text is UTF-8; bytes that are not become U+FFFD, or fail the job (`invalidUtf8`).
 * TF2 A line belongs to the split in which its first byte lies; its position in the state is that byte's place in the file,
 *     or, of a packed file (PK1), in its text.
 * TF3 The length of a file when it is found is its length for the job: what is appended later is not read, but with `readAppended` (FIM3).
 * TF4 With `monitorContinuously` splits come while the job runs: a reader asks for more when it has begun the last one that it has.
 */
import { type Duration, readDuration } from "../../../base/index.ts";
import type { ReaderContext, Source, SourceOutput, SourceReader } from "../../ports/index.ts";
import { NO_TIMESTAMP, t } from "../../record/index.ts";
import { checkChoice, checkNumber, optionInvalid, Pace } from "../kit/index.ts";
import { discoverSplits, type TextFileSplit } from "./discovery.ts";
import { FileMonitor } from "./file-monitor.ts";
import { failedAtLine } from "./line-failure.ts";
import { type Compression, packings } from "./packing.ts";
import { ReadAhead } from "./read-ahead.ts";
import { type LineBlock, NEWLINE } from "./split-file.ts";

export type { TextFileSplit } from "./discovery.ts";

/** At least one of `path`, `paths` and `glob`. Relative ones are relative to the JobManager's working directory. */
export type TextFilesOptions = {
  /** A file, or a folder whose files are read, but for those whose name begins with `.` or `_`. Must be there. */
  readonly path?: string;
  readonly paths?: readonly string[];
  /** Patterns of `node:fs` glob, as `logs/**\/*.txt`. Each must match a file. */
  readonly glob?: string | readonly string[];
  /** Whether folders are read with all folders in them. Default false. */
  readonly recursive?: boolean;
  /** The length of a split, at least 1. Default 4 MiB. */
  readonly splitBytes?: number;
  /** Lines per second of the whole source; every reader has the same share. Absent: as fast as they are taken. */
  readonly linesPerSecond?: number | undefined;
  /** A bound for memory: a line that is longer than about this many bytes fails the job. Default 64 MiB. */
  readonly lineBytesMax?: number;
  /**
   * How files are packed. Default `auto`: `.gz`, `.gzip`, `.zst`, `.zstd`, `.br` and `.deflate` are unpacked while they are read,
   * other packed or binary files are refused. `none`: none is, whatever its name. A packed file is read by one subtask.
   */
  readonly compression?: Compression;
  /** Bytes that are no UTF-8: `replace` (the default) reads them as U+FFFD and warns, `fail` fails the job. */
  readonly invalidUtf8?: "replace" | "fail";
  /**
   * Looks for new files so often, and never ends; Flink's name. A path or a pattern need not have files yet, and an empty file is read when it has
   * text. Default: files are listed once, at the start, and the source ends.
   */
  readonly monitorContinuously?: Duration;
  /**
   * With `monitorContinuously`: also what is appended to a file is read, up to the last line end. All of a file is read by one subtask, in order.
   * Files may only grow. Default false.
   */
  readonly readAppended?: boolean;
  /** Default `text files`. */
  readonly name?: string;
};

const SPLIT_BYTES = 4 << 20;
const LINE_BYTES_MAX = 64 << 20;
/** Bytes given out in one poll; long lines take long (SO2). */
const POLL_BYTES_MAX = 1 << 20;
const CARRIAGE_RETURN = 0x0d;

/**
 * A source of the lines of files, without timestamps; at parallelism 1 in the order of paths and lines. Bounded, and files that appear later are not
 * found, unless it has `monitorContinuously`. Errors: OPTION_INVALID; SOURCE_FAILED when a file is missing or has become shorter.
 */
export function textFiles(options: TextFilesOptions): Source<string, TextFileSplit> {
  const name = options.name ?? "text files";
  const { splitBytes = SPLIT_BYTES, lineBytesMax = LINE_BYTES_MAX } = options;
  const paths = [...(options.path === undefined ? [] : [options.path]), ...(options.paths ?? [])];
  const globs = typeof options.glob === "string" ? [options.glob] : (options.glob ?? []);
  if (
    paths.length + globs.length === 0 ||
    [...paths, ...globs].some((each) => typeof each !== "string" || each === "")
  ) {
    throw optionInvalid(name, "give at least one path or glob, none of them empty");
  }
  checkNumber(
    name,
    ["splitBytes", splitBytes],
    (bytes) => Number.isSafeInteger(bytes) && bytes >= 1,
    "a whole number from 1",
  );
  checkNumber(
    name,
    ["lineBytesMax", lineBytesMax],
    (bytes) => Number.isInteger(bytes) && bytes >= 1 && bytes <= 256 << 20,
    "a whole number of bytes from 1 to 256 MiB",
  );
  checkNumber(
    name,
    ["linesPerSecond", options.linesPerSecond],
    (rate) => rate > 0 && rate < Infinity,
    "a number above 0",
  );
  const { compression = "auto", invalidUtf8 = "replace", recursive = false, linesPerSecond } = options;
  const { monitorContinuously: every, readAppended = false } = options;
  checkChoice(name, ["compression", compression], ["auto", "none", ...packings]);
  checkChoice(name, ["invalidUtf8", invalidUtf8], ["replace", "fail"]);
  const wanted = { paths, globs, recursive, splitBytes, compression };
  const reading = { lineBytesMax, linesPerSecond, invalidUtf8 };
  const common = { kind: "source", name, type: t.string } as const;
  if (every === undefined) {
    if (readAppended)
      throw optionInvalid(name, "readAppended needs monitorContinuously: say how often to look at the files");
    return {
      ...common,
      boundedness: "bounded",
      discover: (context) => discoverSplits(wanted, context),
      createReader: (context) => new TextFilesReader(context, reading),
    };
  }
  if (readDuration(every, `${name}: monitorContinuously`) === 0)
    throw optionInvalid(name, "monitorContinuously is 0; give the time between two looks at the files");
  return {
    ...common,
    boundedness: "unbounded",
    createEnumerator: (context) => new FileMonitor({ wanted, every, readAppended }, context),
    createReader: (context) => new TextFilesReader(context, { ...reading, isMonitored: true }),
  };
}

export type TextFilesReaderOptions = {
  readonly lineBytesMax: number;
  readonly linesPerSecond: number | undefined;
  /** Default `replace`. */
  readonly invalidUtf8?: "replace" | "fail";
  /** How much is read at a time; tests take less. */
  readonly chunkBytes?: number;
  /** More splits come (TF4). Default false. */
  readonly isMonitored?: boolean;
};

/** Exported for tests, which read in small chunks. */
export class TextFilesReader implements SourceReader<string, TextFileSplit> {
  readonly #context: ReaderContext<TextFileSplit>;
  readonly #isMonitored: boolean;
  #hasAsked = false;
  /** From `#current` on not finished. */
  #splits: TextFileSplit[];
  readonly #readAhead: ReadAhead;
  readonly #pace: Pace | null = null;
  /** Of the splits the first that is not finished. */
  #current = 0;
  /** Where its next line begins. */
  #position: number;
  #block: LineBlock | null = null;
  /** Where in the block's bytes the next line begins. */
  #offset = 0;

  constructor(context: ReaderContext<TextFileSplit>, options: TextFilesReaderOptions) {
    const { linesPerSecond, invalidUtf8 = "replace", isMonitored = false, ...reading } = options;
    const splits = inOrder(context.splits);
    this.#context = context;
    this.#isMonitored = isMonitored;
    this.#splits = splits;
    this.#position = splits[0]?.position ?? 0;
    this.#readAhead = new ReadAhead(splits, {
      ...reading,
      invalidUtf8,
      name: context.name,
      log: context.log,
      wake: () => context.wake(),
    });
    const first = splits[0];
    if (linesPerSecond !== undefined && (isMonitored || first !== undefined)) {
      const readers = isMonitored ? context.parallelism : Math.min(context.parallelism, first?.splits ?? 1);
      this.#pace = new Pace(context.clock, linesPerSecond / readers, context.subtask / readers, () => context.wake());
    }
  }

  open(): void {
    this.#readAhead.start();
    this.#askForMore();
  }

  addSplits(splits: readonly TextFileSplit[]): void {
    const more = inOrder(splits);
    const wasDone = this.#current === this.#splits.length;
    this.#splits = [...this.#splits.slice(this.#current), ...more];
    this.#current = 0;
    if (wasDone) this.#position = more[0]?.position ?? 0;
    this.#hasAsked = false;
    this.#readAhead.add(more);
    this.#askForMore();
  }

  poll(output: SourceOutput<string>, maxRecords: number): "more" | "idle" | "end" {
    const pace = this.#pace;
    const allowed = pace === null ? maxRecords : pace.due(maxRecords);
    if (allowed === 0 && this.#block !== null) {
      pace?.wakeWhenDue();
      return "idle";
    }
    let left = allowed;
    for (let bytesLeft = POLL_BYTES_MAX; bytesLeft > 0; ) {
      if (this.#block === null && !this.#nextBlock()) {
        pace?.spend(allowed - left);
        return this.#current === this.#splits.length ? "end" : "idle";
      }
      if (left === 0) break;
      const before = this.#position;
      left = this.#emit(output, left);
      bytesLeft -= this.#position - before;
      if (this.#offset === (this.#block as LineBlock).end) this.#finishBlock(this.#block as LineBlock);
    }
    pace?.spend(allowed - left);
    return "more";
  }

  snapshot(): readonly TextFileSplit[] {
    return this.#splits
      .slice(this.#current)
      .map((split, place) => (place === 0 ? { ...split, position: this.#position } : split));
  }

  async close(): Promise<void> {
    this.#pace?.close();
    await this.#readAhead.close();
  }

  /** Makes the next block with a line in it the present one; false when it is not there yet, or there is none. */
  #nextBlock(): boolean {
    for (;;) {
      const block = this.#readAhead.take();
      if (block === null) return false;
      this.#block = block;
      this.#offset = block.begin;
      // What is skipped in front of the first line of a split is behind us once the line is found.
      this.#position = block.position;
      if (this.#offset < block.end) return true;
      this.#finishBlock(block);
    }
  }

  #finishBlock(block: LineBlock): void {
    this.#block = null;
    if (!block.isLast) return;
    this.#current++;
    this.#position = this.#splits[this.#current]?.position ?? 0;
    this.#askForMore();
  }

  /** TF4 */
  #askForMore(): void {
    if (!this.#isMonitored || this.#hasAsked || this.#splits.length - this.#current > 1) return;
    this.#hasAsked = true;
    this.#context.requestSplits();
  }

  /** Collects at most `records` lines of the block; returns how many are left to give. */
  #emit(output: SourceOutput<string>, records: number): number {
    const { bytes, begin, end, isAscii, position } = this.#block as LineBlock;
    let offset = this.#offset;
    let left = records;
    let text = "";
    try {
      while (left > 0 && offset < end) {
        const found = bytes.indexOf(NEWLINE, offset);
        const newline = found === -1 || found >= end ? end : found;
        const hasReturn = newline > offset && newline < end && bytes[newline - 1] === CARRIAGE_RETURN;
        const textEnd = hasReturn ? newline - 1 : newline;
        // Line by line, not the block in one piece: parts of one long string would keep all of it in memory.
        text = bytes.toString(isAscii ? "latin1" : "utf8", offset, textEnd);
        output.collect(text, NO_TIMESTAMP);
        offset = newline + 1;
        left--;
      }
    } catch (error) {
      throw failedAtLine(error, this.#splits[this.#current] as TextFileSplit, position + (offset - begin), text);
    }
    this.#offset = Math.min(offset, end);
    this.#position = position + (this.#offset - begin);
    return left;
  }
}

function inOrder(splits: readonly TextFileSplit[]): TextFileSplit[] {
  return [...splits].sort((left, right) =>
    left.path === right.path ? left.start - right.start : left.path < right.path ? -1 : 1,
  );
}
