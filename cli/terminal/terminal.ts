/**
 * Owns: what a command sees of the person's terminal, and how it ends.
 */
import type { Clock, ErrorCode, Random } from "../../base/index.ts";
import type { Colors } from "./narrator.ts";

export type Terminal = {
  /** Results: stdout, one line without its end. */
  readonly out: (line: string) => void;
  /** Resolves when nobody reads stdout any more (`| head -1`): what only shows something has nothing left to do. */
  readonly whenUnread: Promise<void>;
  /** Everything else: stderr. */
  readonly say: (line: string) => void;
  /** Width of stdout, when it is a terminal; null: it is not, and lines are as long as they are. */
  readonly columns: number | null;
  readonly colors: Colors;
  readonly clock: Clock;
  readonly random: Random;
  /** A question that is answered with yes or no; absent: nobody is there who could answer. */
  readonly ask?: (question: string) => Promise<boolean>;
};

/** 0: finished, stopped or cancelled as asked. 1: failed. 2: bad usage, nothing was started. 128 + n: ended by a second signal n. */
export type ExitCode = number;

const badUsage: ReadonlySet<ErrorCode> = new Set([
  "JOB_MODULE_INVALID",
  "JOB_GRAPH_INVALID",
  "SQL_INVALID",
  "OPTION_UNKNOWN",
  "OPTION_INVALID",
  "SAVEPOINT_NOT_FOUND",
  "NOT_ENOUGH_SLOTS",
  "PORT_IN_USE",
  "MANIFEST_INVALID",
  "CONFIRMATION_MISSING",
]);

export function exitCodeOf(code: ErrorCode | undefined): ExitCode {
  return code !== undefined && badUsage.has(code) ? 2 : 1;
}
