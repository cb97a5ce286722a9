/**
 * Owns: the logger's port and its pino implementation. Lines are JSON on stderr; stdout belongs to the job's own output. In a pod
 * both streams are one log, and STREAMJOB_LOG_STREAM=stdout has the lines there.
 * Not here: bytes on their way to a file or stream (log-file.ts).
 *
 * LOG1 To log never throws and never ends a process (LOF1): a full disk costs lines, and the log says how many when there is room.
 * LOG2 A log file is bounded: LOG_FILE_BYTES_MAX, and LOG_FILES_OLDER files before it, `<file>.1` the newest of them.
 * LOG3 A message is a constant phrase that can be searched for and counted, and says what happened. What it is about are fields
 *     (docs/operations.md lists those that appear in many places): `err` for an error, `reason` where there is none, `delayMs` until
 *     the next attempt, `durationMs`, `jobId`, `job` (a StreamJob, `namespace/name`), `task`, `operator`, `epoch`, `attempt`,
 *     `checkpointId`, `location` (of a checkpoint or savepoint), `storeUri`, `path`, `taskManagerId`, `slot`, `pod`, `kind`.
 */
import { pino } from "pino";
import { type GapLine, LogFile, LogStream, numberedPaths } from "./log-file.ts";
import { environmentVariable, systemClock } from "./system.ts";

const STDOUT = 1;
const STDERR = 2;

/** 8 MiB. */
export const LOG_FILE_BYTES_MAX = 8 * 1024 * 1024;
export const LOG_FILES_OLDER = 3;

/** Structured logging: facts first, then a constant phrase that can be searched for. No method throws. */
export interface Log {
  debug(facts: object, message: string): void;
  info(facts: object, message: string): void;
  warn(facts: object, message: string): void;
  error(facts: object, message: string): void;
  child(facts: object): Log;
}

/** Value of the fact `logger` in lines that code of users logs, as told from lines that the engine logs about itself. */
export const USER_LOGGER = "user";

export type LogTarget = {
  /** Lines are added to it, instead of the stream. */
  readonly file?: string;
  /** Told once each time when the file cannot be written any more. It must not throw. */
  readonly onTrouble?: (error: unknown) => void;
};

/** As a line of pino: level 40 is `warn`. */
const gapLine: GapLine = (bytes, reason) =>
  `${JSON.stringify({ level: 40, time: new Date(systemClock.nowMs()).toISOString(), bytes, reason, msg: "log lines were lost" })}\n`;

/** A pino logger; the level comes from STREAMJOB_LOG_LEVEL (default `info`). Written synchronously, so a crash loses no line. */
export function createLog(facts: object, { file, onTrouble }: LogTarget = {}): Log {
  const sink =
    file === undefined
      ? new LogStream(environmentVariable("STREAMJOB_LOG_STREAM") === "stdout" ? STDOUT : STDERR, gapLine)
      : new LogFile({
          path: file,
          bytesMax: LOG_FILE_BYTES_MAX,
          older: numberedPaths(file, LOG_FILES_OLDER),
          isContinued: true,
          gapLine,
          ...(onTrouble === undefined ? {} : { onTrouble }),
        });
  return pino(
    {
      level: environmentVariable("STREAMJOB_LOG_LEVEL") ?? "info",
      base: facts,
      timestamp: pino.stdTimeFunctions.isoTime,
    },
    { write: (line: string) => sink.write(Buffer.from(line)) },
  );
}

/** Says nothing: for tests and tools that print their own story. */
export const silentLog: Log = { debug() {}, info() {}, warn() {}, error() {}, child: () => silentLog };
