/**
 * Owns: what a child process writes on stderr: all of it goes to a file, warnings and errors also to the person, in words.
 *
 * PRL1 A line that is no log line (the job's own console.error, a crash of Node) is passed on as it is; what a function of the job logs
 *     (`context.log`) in words, with its facts, at every level that is logged.
 * PRL2 A log that cannot be written (full disk) is said once, and the job goes on; when it can be written again it says how much is
 *     missing (LOF1). It is as bounded as any log file (LOG2).
 */
import { join } from "node:path";
import { createInterface } from "node:readline";
import type { Readable } from "node:stream";
import { LOG_FILE_BYTES_MAX, LOG_FILES_OLDER, LogFile, numberedPaths } from "../../base/index.ts";
import { parseLogLine } from "./log-line.ts";

const WARN = 40;
const ERROR = 50;

export type ProcessLogOptions = {
  readonly folder: string;
  /** File name without ending: `taskmanager-1`. */
  readonly name: string;
  readonly onWarning: (text: string, isError: boolean, code: string | null) => void;
  readonly onPlain: (line: string) => void;
};

export class ProcessLog {
  readonly #options: ProcessLogOptions;
  readonly #file: LogFile;
  #lastWarning = "";

  constructor(options: ProcessLogOptions) {
    this.#options = options;
    const path = join(options.folder, `${options.name}.log`);
    this.#file = new LogFile({
      path,
      bytesMax: LOG_FILE_BYTES_MAX,
      older: numberedPaths(path, LOG_FILES_OLDER),
      isContinued: true,
      onTrouble: (error) =>
        options.onWarning(
          `the log of ${options.name} cannot be written: ${(error as Error).message}. The job keeps running without it.`,
          true,
          null,
        ),
    });
  }

  /** Reads stderr to its end; one after the other, for a process that is started again. */
  follow(stderr: Readable): void {
    lines(stderr, (line) => this.#take(line));
  }

  /** Reads a stream that only the file is interested in. */
  keep(stdout: Readable): void {
    lines(stdout, (line) => this.#write(line));
  }

  close(): void {
    this.#file.close();
  }

  #write(line: string): void {
    this.#file.write(Buffer.from(`${line}\n`));
  }

  #take(line: string): void {
    this.#write(line);
    const entry = parseLogLine(line);
    if (entry === null) return this.#options.onPlain(line);
    if (entry.userLine !== null) return this.#options.onPlain(entry.userLine);
    if (entry.level < WARN) return;
    if (entry.text === this.#lastWarning) return; // the same again says nothing new; the file has it
    this.#lastWarning = entry.text;
    this.#options.onWarning(entry.text, entry.level >= ERROR, entry.code);
  }
}

function lines(input: Readable, onLine: (line: string) => void): void {
  createInterface({ input, crlfDelay: Number.POSITIVE_INFINITY }).on("line", onLine);
}
