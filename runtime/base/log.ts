/**
 * Owns: the logger's port and its pino implementation. Lines are JSON on stderr; stdout belongs to the job's own output. In a pod
 * both streams are one log, and STREAMJOB_LOG_STREAM=stdout has the lines there.
 */
import { pino } from "pino";
import { environmentVariable } from "./system.ts";

const STDOUT = 1;
const STDERR = 2;

/** Structured logging: facts first, then a sentence. */
export interface Log {
  debug(facts: object, message: string): void;
  info(facts: object, message: string): void;
  warn(facts: object, message: string): void;
  error(facts: object, message: string): void;
  child(facts: object): Log;
}

/**
 * A pino logger; the level comes from STREAMJOB_LOG_LEVEL (default `info`). Written synchronously, so a crash loses no line.
 * `file`: lines are added to it, instead of the stream.
 */
export function createLog(facts: object, { file }: { readonly file?: string } = {}): Log {
  return pino(
    {
      level: environmentVariable("STREAMJOB_LOG_LEVEL") ?? "info",
      base: facts,
      timestamp: pino.stdTimeFunctions.isoTime,
    },
    pino.destination({
      dest: file ?? (environmentVariable("STREAMJOB_LOG_STREAM") === "stdout" ? STDOUT : STDERR),
      sync: true,
      mkdir: true,
    }),
  );
}

/** Says nothing: for tests and tools that print their own story. */
export const silentLog: Log = { debug() {}, info() {}, warn() {}, error() {}, child: () => silentLog };
