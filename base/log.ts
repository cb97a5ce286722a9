/**
 * Owns: the logger's port and its pino implementation. Lines are JSON on stderr; stdout belongs to the job's own output. In a pod
 * both streams are one log, and STREAMJOB_LOG_STREAM=stdout has the lines there.
 * Not here: bytes on their way to a file or stream (log-file.ts).
 *
 * LOG1 To log never throws and never ends a process (LOF1): a full disk costs lines, and the log says how many when there is room.
 * LOG2 A log file is bounded: LOG_FILE_BYTES_MAX, and LOG_FILES_OLDER files before it, `<file>.1` the newest of them.
 * LOG3 A message is a constant phrase that can be searched for and counted, and says what happened. What it is about are fields
 *     (docs/operations.md lists those that appear in many places): `err` for an error, `reason` where there is none, `delayMs` until
 *     the next attempt, `durationMs`, `jobId`, `job` (a StreamJob, `namespace/name`), `task`, `vertex`, `subtask`, `operator`, `epoch`, `attempt`,
 *     `checkpointId`, `location` (of a checkpoint or savepoint), `storeUri`, `path`, `taskManagerId`, `slot`, `pod`, `kind`.
 * LOG4 LOG_LEVEL is one of LOG_LEVELS, in small or capital letters. A process says at its start when it is not (checkLogLevel); until then, and in
 *     whatever does not ask, the level is `info`.
 * LOG5 What a line is about beyond its process, STREAMJOB_LOG_FACTS says as a JSON object, to every thread: in a pod `namespace`, `job` and
 *     `incarnation`.
 */
import { pino } from "pino";
import { type GapLine, LogFile, LogStream, numberedPaths } from "./log-file.ts";
import { StreamError } from "./errors.ts";
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

/** From the one that says most to the one that says nothing. */
const LOG_LEVELS: readonly string[] = ["trace", "debug", "info", "warn", "error", "fatal", "silent"];
const DEFAULT_LEVEL = "info";

/** null: LOG_LEVEL is no level. */
function logLevel(): string | null {
  const level = (environmentVariable("LOG_LEVEL") ?? DEFAULT_LEVEL).toLowerCase();
  return LOG_LEVELS.includes(level) ? level : null;
}

/** Errors: OPTION_INVALID (LOG4). */
export function checkLogLevel(): void {
  if (logLevel() !== null) return;
  const message = `the variable LOG_LEVEL is "${environmentVariable("LOG_LEVEL")}"; use one of ${LOG_LEVELS.join(", ")}`;
  throw new StreamError("OPTION_INVALID", message, { destiny: "terminal" });
}

/** LOG5 */
function factsOfEnvironment(): object {
  const text = environmentVariable("STREAMJOB_LOG_FACTS");
  if (text === undefined) return {};
  try {
    const facts: unknown = JSON.parse(text);
    if (typeof facts === "object" && facts !== null && !Array.isArray(facts)) return facts;
  } catch {
    // It is in every line as it is: nobody else could be told (LOG1).
  }
  return { facts: text };
}

/** A pino logger; the level comes from LOG_LEVEL (default `info`). Written synchronously, so a crash loses no line. */
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
      level: logLevel() ?? DEFAULT_LEVEL,
      base: { ...facts, ...factsOfEnvironment() },
      timestamp: pino.stdTimeFunctions.isoTime,
    },
    { write: (line: string) => sink.write(Buffer.from(line)) },
  );
}

/** Says nothing: for tests and tools that print their own story. */
export const silentLog: Log = { debug() {}, info() {}, warn() {}, error() {}, child: () => silentLog };
