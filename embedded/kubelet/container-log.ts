/**
 * Owns: what a container writes on stdout and stderr, in files of its own.
 * Called by: container-process.ts writes, pod-logs.ts reads.
 *
 * CLO1 An instance of a container keeps its newest bytes, `bytesMax` to twice as many: a full file becomes `<name>.older`.
 * CLO2 When the container is started again its instance's files become `<name>.previous…`, and those of the one before go.
 * CLO3 A log that cannot be written (full disk) is said once, and the container goes on; when it can be written again it says how
 *     much is missing (LOF1).
 */
import { existsSync, renameSync, rmSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { type Log, LogFile } from "../../base/index.ts";

export const LOG_BYTES_MAX = 4 * 1024 * 1024;

/** What of a log's end is kept in memory, for the message of a container that failed. As in Kubernetes. */
const TAIL_BYTES = 2048;

export class ContainerLog {
  readonly #file: LogFile;
  #end = Buffer.alloc(0);

  /** Begins a new instance's log (CLO2). `path`: without ending. Writes end with `close`. */
  constructor(path: string, bytesMax: number, log: Log) {
    const onTrouble = (error: unknown): void =>
      log.warn({ err: error, path: `${path}.log` }, "a container's log cannot be written; the container runs on");
    try {
      retire(path);
    } catch (error) {
      onTrouble(error);
    }
    this.#file = new LogFile({
      path: `${path}.log`,
      bytesMax,
      older: [`${path}.log.older`],
      isContinued: false,
      onTrouble,
    });
  }

  write(piece: Buffer): void {
    this.#end = Buffer.concat([this.#end, piece.subarray(-TAIL_BYTES)]).subarray(-TAIL_BYTES);
    this.#file.write(piece);
  }

  /** The last lines, whole ones where possible. */
  get tail(): string {
    const text = this.#end.toString("utf8");
    const isCut = this.#end.length === TAIL_BYTES;
    const firstBreak = text.indexOf("\n");
    return (isCut && firstBreak !== -1 ? text.slice(firstBreak + 1) : text).trim();
  }

  close(): void {
    this.#file.close();
  }
}

/** Text of a container's running (or last) instance, or of the one before; null: there is none. */
export async function readContainerLog(path: string, previous: boolean): Promise<string | null> {
  const base = previous ? `${path}.previous.log` : `${path}.log`;
  const [older, newer] = await Promise.all([readIfThere(`${base}.older`), readIfThere(base)]);
  return older === null && newer === null ? null : `${older ?? ""}${newer ?? ""}`;
}

function retire(path: string): void {
  for (const ending of [".log", ".log.older"]) {
    rmSync(`${path}.previous${ending}`, { force: true });
    if (existsSync(`${path}${ending}`)) renameSync(`${path}${ending}`, `${path}.previous${ending}`);
  }
}

async function readIfThere(path: string): Promise<string | null> {
  try {
    return await readFile(path, "utf8");
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return null;
    throw error;
  }
}
