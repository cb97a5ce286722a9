/**
 * Owns: the settings of a job as code writes them, and how they are read.
 * Not here: bounds and defaults (graph/configuration.ts), the same as `-D` options (graph/options.ts).
 *
 * SE1 Nothing is ignored: unknown names and values of the wrong kind are errors, as job modules run without a type check.
 */
import { type Duration, readDuration, StreamError } from "../../base/index.ts";
import { type ConfigurationChange, resolveTolerableFailures } from "../graph/index.ts";
import { rejectUnknownNames } from "./unknown-names.ts";

export type CheckpointsSettings = {
  /** null: no checkpoints. At least 10 ms. */
  readonly interval?: Duration | null;
  readonly mode?: "exactly-once" | "at-least-once";
  readonly timeout?: Duration;
  readonly minPause?: Duration;
  readonly maxConcurrent?: number;
  readonly tolerableFailures?: number | "unlimited";
  /** The other spelling: true is `tolerableFailures: 0`, false is "unlimited" (CK-6). */
  readonly failOnCheckpointingErrors?: boolean;
  readonly retention?: "delete" | "retain";
  readonly numRetained?: number;
  /** What one call to a store may take, and a second more for each MiB. Default 1 min. */
  readonly storeCallTimeout?: Duration;
  /** A path or a store URI. */
  readonly directory?: string;
};

export type RestartSettings =
  | { readonly kind: "none" }
  | { readonly kind: "fixed-delay"; readonly attempts?: number; readonly delay?: Duration }
  | {
      readonly kind: "failure-rate";
      readonly maxFailures?: number;
      readonly interval?: Duration;
      readonly delay?: Duration;
    }
  | {
      readonly kind: "exponential-delay";
      readonly initial?: Duration;
      readonly max?: Duration;
      readonly multiplier?: number;
      readonly jitter?: number;
      readonly resetAfter?: Duration;
      readonly attempts?: number | "infinite";
    };

export type JobSettings = {
  readonly name?: string;
  readonly parallelism?: number;
  readonly maxParallelism?: number;
  readonly checkpoints?: CheckpointsSettings;
  readonly stateBackend?: "memory" | "fs";
  /** A path or a store URI. */
  readonly savepointDirectory?: string;
  readonly restart?: RestartSettings;
  readonly bufferTimeout?: Duration;
  readonly watermarkInterval?: Duration;
  /** How long a hook of an operator, source or sink may take to settle. Default 5 min. */
  readonly hookTimeout?: Duration;
  /** Whether what the language provides is fixed once the job is loaded. Default true. */
  readonly frozenIntrinsics?: boolean;
  /** True: emitted records are not frozen, which costs less; functions then must not change objects that they emitted or got. */
  readonly objectReuse?: boolean;
};

/** Reads one value; `where` is its path, for messages. */
type Reader = (value: unknown, where: string) => unknown;
/** Name in code -> name in the configuration, and how it is read. */
type Fields = Readonly<Record<string, readonly [target: string, read: Reader]>>;

const CHECKPOINTS: Fields = {
  interval: ["intervalMs", (value, where) => (value === null ? null : readDuration(value, where))],
  mode: ["mode", readOneOf("exactly-once", "at-least-once")],
  timeout: ["timeoutMs", readDuration],
  minPause: ["minPauseMs", readDuration],
  maxConcurrent: ["maxConcurrent", readNumber],
  tolerableFailures: ["tolerableFailures", readNumberOr("unlimited")],
  failOnCheckpointingErrors: ["failOnErrors", readBoolean],
  retention: ["retention", readOneOf("delete", "retain")],
  numRetained: ["numRetained", readNumber],
  storeCallTimeout: ["storeCallTimeoutMs", readDuration],
  directory: ["directory", readText],
};

const RESTART: Readonly<Record<string, Fields>> = {
  none: {},
  "fixed-delay": { attempts: ["attempts", readNumber], delay: ["delayMs", readDuration] },
  "failure-rate": {
    maxFailures: ["maxFailures", readNumber],
    interval: ["intervalMs", readDuration],
    delay: ["delayMs", readDuration],
  },
  "exponential-delay": {
    initial: ["initialMs", readDuration],
    max: ["maxMs", readDuration],
    multiplier: ["multiplier", readNumber],
    jitter: ["jitter", readNumber],
    resetAfter: ["resetAfterMs", readDuration],
    attempts: ["attempts", readNumberOr("infinite")],
  },
};

const SETTINGS: Fields = {
  name: ["jobName", readText],
  parallelism: ["parallelism", readNumber],
  maxParallelism: ["maxParallelism", readNumber],
  checkpoints: ["checkpoints", readCheckpoints],
  stateBackend: ["stateBackend", readOneOf("memory", "fs")],
  savepointDirectory: ["savepointDirectory", readText],
  restart: ["restart", readRestart],
  bufferTimeout: ["bufferTimeoutMs", readDuration],
  watermarkInterval: ["watermarkIntervalMs", readDuration],
  hookTimeout: ["hookTimeoutMs", readDuration],
  frozenIntrinsics: ["frozenIntrinsics", readBoolean],
  objectReuse: ["objectReuse", readBoolean],
};

/** The settings as a layer of configuration. Errors: OPTION_UNKNOWN, OPTION_INVALID. */
export function readSettings(settings: JobSettings): ConfigurationChange {
  return readFields(settings, "configure", SETTINGS);
}

function readCheckpoints(value: unknown, where: string): unknown {
  const { failOnErrors, ...others } = readFields(value, where, CHECKPOINTS) as {
    failOnErrors?: boolean;
    tolerableFailures?: number | null;
  };
  if (failOnErrors === undefined) return others;
  return { ...others, tolerableFailures: resolveTolerableFailures(failOnErrors, others.tolerableFailures) };
}

function readRestart(value: unknown, where: string): unknown {
  const kinds = Object.keys(RESTART);
  const kind = readOneOf(...kinds)((value as { kind?: unknown } | null)?.kind, `${where}.kind`) as string;
  return readFields(value, where, { kind: ["kind", readText], ...RESTART[kind] });
}

/** An undefined value is as good as none. */
function readFields(value: unknown, where: string, fields: Fields): object {
  rejectUnknownNames(where, value as object, Object.keys(fields));
  const read: Record<string, unknown> = {};
  for (const [name, [target, reader]] of Object.entries(fields)) {
    const given = (value as Record<string, unknown>)[name];
    if (given !== undefined) read[target] = reader(given, `${where}.${name}`);
  }
  return read;
}

function readNumber(value: unknown, where: string): number {
  if (typeof value === "number") return value;
  throw wrong(where, value, "a number");
}

/** A word for "without end" is null. */
function readNumberOr(endless: string): Reader {
  return (value, where) => {
    if (value === endless) return null;
    if (typeof value === "number") return value;
    throw wrong(where, value, `a number or "${endless}"`);
  };
}

function readText(value: unknown, where: string): string {
  if (typeof value === "string" && value.trim() !== "") return value;
  throw wrong(where, value, "a text that is not empty");
}

function readBoolean(value: unknown, where: string): boolean {
  if (typeof value === "boolean") return value;
  throw wrong(where, value, "true or false");
}

function readOneOf(...choices: readonly string[]): Reader {
  return (value, where) => {
    if (choices.some((choice) => choice === value)) return value;
    throw wrong(where, value, `one of ${choices.map((choice) => `"${choice}"`).join(", ")}`);
  };
}

function wrong(where: string, value: unknown, allowed: string): StreamError {
  const shown = typeof value === "string" ? JSON.stringify(value) : String(value);
  return new StreamError("OPTION_INVALID", `${where} is ${shown}; give ${allowed}`, { destiny: "terminal" });
}
