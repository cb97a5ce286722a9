/**
 * Owns: the object log in a folder: segments of writes as lines of JSON, and snapshots that make old segments needless.
 * Does not own: what the objects mean; that only one process uses the folder (its caller sees to it).
 * Called by: LocalApiServer, as its ObjectLog.
 *
 *   segment-<n>.jsonl    {"version":1,"rv":<resourceVersion>,"type":"put"|"delete","object":{...}}   one line per write
 *   snapshot-<n>.jsonl   {"version":1,"rv":<resourceVersion>,"count":<lines that follow>}, then one object per line: the state before segment n
 *
 * FL1 A write is with the operating system when `append` returns: it survives the death of the process (kill -9), not that of the
 *     machine, for which nothing is flushed. A write that fails leaves no part behind.
 * FL2 A snapshot takes its name when it is complete and flushed, and only then are older files removed: at every moment the
 *     newest snapshot and the segments from its number on are the whole state.
 * FL3 A snapshot is written beside the work, from objects that do not change; writes go on meanwhile into the next segment.
 * FL4 Lines that are broken at the end of the last segment were never answered and are cut off; broken ones elsewhere are an error.
 * FL5 A disk that is full costs writes, each told to whoever asked for it, and nothing else: the log goes on where it was. A segment
 *     is left only when the next one is open.
 * FL7 Every line of a segment and the first of a snapshot name the version: a log that a newer program has written to is refused as it is.
 * FL6 Files and folder are their owner's alone: environments of jobs are in them.
 */
import {
  closeSync,
  existsSync,
  fchmodSync,
  fstatSync,
  ftruncateSync,
  openSync,
  readdirSync,
  readFileSync,
  rmSync,
  truncateSync,
  writeSync,
} from "node:fs";
import { open, rename } from "node:fs/promises";
import { join } from "node:path";
import {
  assert,
  type Log,
  makePrivateFolderSync,
  nextTurn,
  PRIVATE_FILE,
  refuseNewer,
  silentLog,
  StreamError,
} from "../../base/index.ts";
import { type Kind, resources } from "../../operator/kubernetes/api/index.ts";
import { isObject, type JsonObject, type StoredObject } from "./json-value.ts";
import type { LoggedState, LoggedWrite, ObjectLog } from "./object-log.ts";

export type FileObjectLogOptions = {
  /** Made if it is not there. */
  readonly folder: string;
  readonly log?: Log;
  /** A segment larger than this, and than the last snapshot, makes a snapshot. Default 8 MiB. */
  readonly segmentBytesMax?: number;
};

const VERSION = 1;
/** Lines of a snapshot written before others have their turn. */
const LINES_PER_TURN = 200;

/** An object log in a folder. */
export function openFileObjectLog(options: FileObjectLogOptions): ObjectLog {
  return new FileObjectLog(options);
}

/**
 * The objects in a folder's log, for whoever is not its API server; changes nothing. None where there is no log.
 * Errors: CONTROL_PLANE_FILES_UNREADABLE, FORMAT_TOO_NEW.
 */
export function readObjectLog(folder: string): readonly StoredObject[] {
  return existsSync(folder) ? new FileObjectLog({ folder }).read() : [];
}

class FileObjectLog implements ObjectLog {
  readonly #folder: string;
  readonly #log: Log;
  readonly #segmentBytesMax: number;
  readonly #objects = new Map<string, StoredObject>();
  #resourceVersion = 1;
  #segment = 0;
  #file: number | null = null;
  #segmentBytes = 0;
  #snapshotBytes = 0;
  #compaction: Promise<void> | null = null;
  /** Only its API server cuts off what FL4 says. */
  #mayCut = false;
  /** A part of a write could not be taken back: nothing may be written behind it until it is. */
  #broken: unknown = null;

  constructor({ folder, log = silentLog, segmentBytesMax = 8 * 1024 * 1024 }: FileObjectLogOptions) {
    this.#folder = folder;
    this.#log = log;
    this.#segmentBytesMax = segmentBytesMax;
  }

  async load(): Promise<LoggedState> {
    assert(this.#file === null, "an object log is loaded twice");
    makePrivateFolderSync(this.#folder);
    this.#mayCut = true;
    const { first, last } = this.#readFiles();
    this.#removeBefore(first);
    this.#openSegment(last);
    return {
      resourceVersion: this.#resourceVersion,
      objects: [...this.#objects.values()].map((object) => ({ kind: object.kind as Kind, object })),
    };
  }

  read(): readonly StoredObject[] {
    this.#readFiles();
    return [...this.#objects.values()];
  }

  #readFiles(): { readonly first: number; readonly last: number } {
    const first = this.#numbersOf("snapshot").at(-1) ?? 0;
    if (first > 0) this.#readSnapshot(first);
    const segments = this.#numbersOf("segment").filter((number) => number >= first);
    for (const [index, number] of segments.entries()) {
      if (number !== (segments[0] ?? 0) + index || (first > 0 && segments[0] !== first)) {
        throw unreadable(this.#path("segment", number), 1);
      }
    }
    for (const number of segments) this.#readSegment(number, number === segments.at(-1));
    return { first, last: segments.at(-1) ?? first };
  }

  append(resourceVersion: number, write: LoggedWrite): void {
    assert(this.#file !== null, "an object log is written before it is loaded, or after it is closed");
    if (this.#broken !== null) this.#takeBack(this.#broken);
    if (this.#broken !== null) throw this.#broken;
    const line = Buffer.from(
      `${JSON.stringify({ version: VERSION, rv: resourceVersion, type: write.type, object: write.object })}\n`,
    );
    try {
      for (let at = 0; at < line.length; )
        at += writeSync(this.#file, line, at, line.length - at, this.#segmentBytes + at);
    } catch (error) {
      const failure = unwritable(this.#folder, error);
      this.#takeBack(failure);
      throw failure;
    }
    this.#segmentBytes += line.length;
    this.#resourceVersion = resourceVersion;
    this.#remember(write.type, write.object);
    if (this.#segmentBytes > Math.max(this.#segmentBytesMax, this.#snapshotBytes)) this.#compact();
  }

  async close(): Promise<void> {
    await this.#compaction;
    if (this.#file !== null) closeSync(this.#file);
    this.#file = null;
  }

  #takeBack(cause: unknown): void {
    try {
      if (this.#file !== null) ftruncateSync(this.#file, this.#segmentBytes);
      this.#broken = null;
    } catch {
      this.#broken = cause;
    }
  }

  #remember(type: "put" | "delete", object: StoredObject): void {
    const { namespace, name } = object.metadata;
    const key = `${object.kind}/${namespace}/${name}`;
    if (type === "put") this.#objects.set(key, object);
    else this.#objects.delete(key);
  }

  /** FL3. */
  #compact(): void {
    if (this.#compaction !== null) return;
    const objects = [...this.#objects.values()];
    const resourceVersion = this.#resourceVersion;
    const file = this.#file;
    try {
      this.#openSegment(this.#segment + 1);
    } catch (error) {
      this.#notCompacted(error);
      return;
    }
    if (file !== null) closeSync(file);
    this.#compaction = this.#writeSnapshot(this.#segment, resourceVersion, objects)
      .catch((error: unknown) => this.#notCompacted(error))
      .finally(() => (this.#compaction = null));
  }

  /** Nothing is lost: the segments stay, and what is written goes on. The next try is when they have grown as far again. */
  #notCompacted(error: unknown): void {
    this.#snapshotBytes = 2 * Math.max(this.#segmentBytesMax, this.#segmentBytes);
    this.#log.warn({ err: error }, "the log of the embedded control plane could not be compacted");
  }

  async #writeSnapshot(number: number, resourceVersion: number, objects: readonly StoredObject[]): Promise<void> {
    const path = this.#path("snapshot", number);
    const file = await open(`${path}.tmp`, "w", PRIVATE_FILE);
    let bytes = 0;
    try {
      let text = `${JSON.stringify({ version: VERSION, rv: resourceVersion, count: objects.length })}\n`;
      for (let at = 0; at < objects.length || text !== ""; at += LINES_PER_TURN) {
        for (const object of objects.slice(at, at + LINES_PER_TURN)) text += `${JSON.stringify(object)}\n`;
        bytes += (await file.write(text)).bytesWritten;
        text = "";
        await nextTurn();
      }
      await file.sync();
    } finally {
      await file.close();
    }
    await rename(`${path}.tmp`, path);
    this.#snapshotBytes = bytes;
    this.#removeBefore(number);
  }

  /** FL5: nothing changes here unless it is open. */
  #openSegment(number: number): void {
    const path = this.#path("segment", number);
    closeSync(openSync(path, "a", PRIVATE_FILE));
    // Not for appending: writes name their place, so that the next one covers what a failed one left.
    const file = openSync(path, "r+");
    const { size, mode } = fstatSync(file);
    if ((mode & 0o077) !== 0) fchmodSync(file, PRIVATE_FILE);
    this.#file = file;
    this.#segment = number;
    this.#segmentBytes = size;
  }

  #readSnapshot(number: number): void {
    const path = this.#path("snapshot", number);
    const text = readFileSync(path, "utf8");
    const [header, ...lines] = text.split("\n").filter((line) => line !== "");
    const facts = parseLine(header ?? "");
    refuseNewer(path, facts, VERSION);
    if (typeof facts?.["rv"] !== "number" || facts["count"] !== lines.length) throw unreadable(path, 1);
    for (const [index, line] of lines.entries()) {
      const object = parseLine(line);
      if (object === null || !isStored(object)) throw unreadable(path, index + 2);
      this.#remember("put", object);
    }
    this.#resourceVersion = facts["rv"];
    this.#snapshotBytes = Buffer.byteLength(text);
  }

  #readSegment(number: number, isLast: boolean): void {
    const path = this.#path("segment", number);
    const text = readFileSync(path, "utf8");
    const lines = text.split("\n");
    // What stands behind the last line end was cut short even if it can be read.
    const tail = lines.pop() ?? "";
    let goodBytes = 0;
    let broken: number | null = null;
    for (const [index, line] of lines.entries()) {
      const write = parseLine(line);
      // FL7: before it is taken for a broken line, which would be cut off.
      refuseNewer(path, write, VERSION);
      const object = write?.["object"];
      const isGood = typeof write?.["rv"] === "number" && isObject(object) && isStored(object);
      if (!isGood) broken ??= index + 1;
      else if (broken !== null) throw unreadable(path, broken);
      else {
        this.#remember(write?.["type"] === "delete" ? "delete" : "put", object);
        this.#resourceVersion = Number(write?.["rv"]);
        goodBytes += Buffer.byteLength(line) + 1;
      }
    }
    if (broken === null && tail === "") return;
    if (!isLast) throw unreadable(path, broken ?? lines.length + 1);
    if (!this.#mayCut) return;
    this.#log.warn(
      { path, bytes: goodBytes },
      "the log of the embedded control plane ended within a line, which was cut off",
    );
    truncateSync(path, goodBytes);
  }

  #removeBefore(number: number): void {
    rmSync(`${this.#path("snapshot", number)}.tmp`, { force: true });
    for (const kind of ["snapshot", "segment"] as const) {
      for (const old of this.#numbersOf(kind)) if (old < number) rmSync(this.#path(kind, old), { force: true });
    }
  }

  #numbersOf(kind: "snapshot" | "segment"): number[] {
    const pattern = new RegExp(`^${kind}-(\\d+)\\.jsonl$`);
    return readdirSync(this.#folder)
      .flatMap((name) => pattern.exec(name)?.[1] ?? [])
      .map(Number)
      .sort((a, b) => a - b);
  }

  #path(kind: "snapshot" | "segment", number: number): string {
    return join(this.#folder, `${kind}-${number}.jsonl`);
  }
}

function parseLine(line: string): JsonObject | null {
  try {
    const value: unknown = JSON.parse(line);
    return isObject(value) ? value : null;
  } catch {
    return null;
  }
}

function isStored(object: JsonObject): object is StoredObject {
  const { kind, metadata } = object;
  return (
    typeof kind === "string" &&
    Object.hasOwn(resources, kind) &&
    isObject(metadata) &&
    typeof metadata["uid"] === "string"
  );
}

function unwritable(folder: string, cause: unknown): StreamError {
  const isFull = ["ENOSPC", "EDQUOT"].includes((cause as NodeJS.ErrnoException).code ?? "");
  const what = cause instanceof Error ? cause.message : String(cause);
  return new StreamError(
    isFull ? "STORE_FULL" : "STORE_UNAVAILABLE",
    `the log of the control plane in ${folder} cannot be written: ${what}`,
    { cause },
  );
}

function unreadable(path: string, line: number): StreamError {
  const advice = "restore the folder from a copy, or move it away to begin with no objects";
  return new StreamError("CONTROL_PLANE_FILES_UNREADABLE", `${path}, line ${line} is damaged: ${advice}`, {
    destiny: "terminal",
  });
}
