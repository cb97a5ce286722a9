/**
 * Owns: the settings of one job, typed: defaults, how layers go over each other, and their bounds. Names and defaults as users
 * of Flink know them (3-semantics CK-2, RS-1).
 * Not here: parsing `key=value` (options.ts).
 * Called by: the job API (code below options), the JobManager.
 *
 * CONF1 A later layer wins setting by setting; within one restart strategy parameter by parameter, as long as the kind stays.
 * CONF2 A configuration that `validateConfiguration` has passed is within its bounds everywhere.
 */
import { StreamError } from "../../base/index.ts";
import { MAX_PARALLELISM_UPPER } from "../record/index.ts";

export type CheckpointSettings = {
  /** null: no checkpoints (CK-1). At least 10. */
  readonly intervalMs: number | null;
  readonly mode: "exactly-once" | "at-least-once";
  /** Default 600000, at least 10. */
  readonly timeoutMs: number;
  /** From the end of one to the start of the next. Default 0. */
  readonly minPauseMs: number;
  /** Default 1. */
  readonly maxConcurrent: number;
  /** Consecutive failures that are borne; null = any number (our default, CK-2). */
  readonly tolerableFailures: number | null;
  /** What happens to checkpoints when the job is cancelled (CK-15). Default `delete`. */
  readonly retention: "delete" | "retain";
  /** How many completed ones are kept. Default 1. */
  readonly numRetained: number;
  /** What one call to a store may take, and a second more for each MiB that it moves. Default 60000, at least 10. */
  readonly storeCallTimeoutMs: number;
  /** Store URI of the checkpoint root (`file:///…`); null: the runner's default. */
  readonly directory: string | null;
};

export type RestartStrategy =
  | { readonly kind: "none" }
  | { readonly kind: "fixed-delay"; readonly attempts: number; readonly delayMs: number }
  | {
      readonly kind: "failure-rate";
      readonly maxFailures: number;
      readonly intervalMs: number;
      readonly delayMs: number;
    }
  | {
      readonly kind: "exponential-delay";
      readonly initialMs: number;
      readonly multiplier: number;
      readonly maxMs: number;
      /** Fraction of the delay, both ways. */
      readonly jitter: number;
      readonly resetAfterMs: number;
      /** null: without end. */
      readonly attempts: number | null;
    };

export type JobConfiguration = {
  readonly jobName: string;
  readonly parallelism: number;
  /** null: derived (SP-7). */
  readonly maxParallelism: number | null;
  readonly checkpoints: CheckpointSettings;
  /** `memory`: checkpoints live in the JobManager's memory (and die with it), 5 MB a state; `fs`: in the directory. */
  readonly stateBackend: "memory" | "fs";
  /** Default target of savepoints; null: must be given (SP-1). */
  readonly savepointDirectory: string | null;
  /** null: nothing set: none without checkpoints, exponential delay with (RS-1). */
  readonly restart: RestartStrategy | null;
  /** A batch that is not full is sent after this time; 0: after each record. Default 100. */
  readonly bufferTimeoutMs: number;
  /** How often watermarks are made. Default 200. */
  readonly watermarkIntervalMs: number;
  readonly bufferDebloat: BufferDebloatSettings;
  /** How long a hook of an operator may take to settle. Default 300000, at least 10. */
  readonly hookTimeoutMs: number;
  /** What the language provides cannot be replaced once the job is loaded. Default true. */
  readonly frozenIntrinsics: boolean;
  /** Emitted records are not frozen: functions promise to change no object that they emitted, got, or hold in state. Default false. */
  readonly objectReuse: boolean;
};

/** How much may be under way to a task, in time (exchange/buffer-debloater.ts). */
export type BufferDebloatSettings = {
  readonly enabled: boolean;
  readonly targetMs: number;
  readonly periodMs: number;
  readonly samples: number;
  readonly thresholdPercent: number;
};

type PartialByKind<S> = S extends { readonly kind: infer K } ? { readonly kind: K } & Partial<Omit<S, "kind">> : never;

/** A strategy of which some parameters may be left to the layer below, or to the defaults. */
export type RestartChange = PartialByKind<RestartStrategy>;

/** What one layer (code, or `-D`) says; what is absent stays as it was. */
export type ConfigurationChange = Partial<Omit<JobConfiguration, "checkpoints" | "restart" | "bufferDebloat">> & {
  readonly bufferDebloat?: Partial<BufferDebloatSettings>;
  readonly checkpoints?: Partial<CheckpointSettings>;
  readonly restart?: RestartChange;
};

const DEFAULTS: JobConfiguration = {
  jobName: "Stream job",
  parallelism: 1,
  maxParallelism: null,
  checkpoints: {
    intervalMs: null,
    mode: "exactly-once",
    timeoutMs: 600_000,
    minPauseMs: 0,
    maxConcurrent: 1,
    tolerableFailures: null,
    retention: "delete",
    numRetained: 1,
    storeCallTimeoutMs: 60_000,
    directory: null,
  },
  stateBackend: "fs",
  savepointDirectory: null,
  restart: null,
  bufferTimeoutMs: 100,
  watermarkIntervalMs: 200,
  bufferDebloat: { enabled: true, targetMs: 1000, periodMs: 200, samples: 20, thresholdPercent: 25 },
  hookTimeoutMs: 300_000,
  frozenIntrinsics: true,
  objectReuse: false,
};

type StrategyOf<K> = Extract<RestartStrategy, { kind: K }>;
const RESTART_DEFAULTS: { readonly [K in RestartStrategy["kind"]]: StrategyOf<K> } = {
  none: { kind: "none" },
  "fixed-delay": { kind: "fixed-delay", attempts: 1, delayMs: 1000 },
  "failure-rate": { kind: "failure-rate", maxFailures: 1, intervalMs: 60_000, delayMs: 1000 },
  "exponential-delay": {
    kind: "exponential-delay",
    initialMs: 1000,
    multiplier: 1.5,
    maxMs: 60_000,
    jitter: 0.1,
    resetAfterMs: 3_600_000,
    attempts: null,
  },
};

/** What holds when nothing is set. */
export function defaultConfiguration(): JobConfiguration {
  return DEFAULTS;
}

/** `base` with what `change` says on top (CONF1). Not checked: call `validateConfiguration` on the last one. */
export function mergeConfiguration(base: JobConfiguration, change: ConfigurationChange): JobConfiguration {
  const { checkpoints, restart, bufferDebloat, ...plain } = change;
  return {
    ...base,
    ...plain,
    checkpoints: { ...base.checkpoints, ...checkpoints },
    bufferDebloat: { ...base.bufferDebloat, ...bufferDebloat },
    restart: restart === undefined ? base.restart : mergeRestart(base.restart, restart),
  };
}

function mergeRestart(base: RestartStrategy | null, change: RestartChange): RestartStrategy {
  const below = base !== null && base.kind === change.kind ? base : RESTART_DEFAULTS[change.kind];
  return { ...below, ...change } as RestartStrategy;
}

/** The strategy that a job runs with (RS-1): what is set, else none without checkpoints and exponential delay with. */
export function effectiveRestartStrategy(configuration: JobConfiguration): RestartStrategy {
  if (configuration.restart !== null) return configuration.restart;
  return configuration.checkpoints.intervalMs === null ? RESTART_DEFAULTS.none : RESTART_DEFAULTS["exponential-delay"];
}

function validateBufferDebloat({ targetMs, periodMs, samples, thresholdPercent }: BufferDebloatSettings): void {
  integer(`${DEBLOAT}.target`, targetMs, 1, 3_600_000, "ms");
  integer(`${DEBLOAT}.period`, periodMs, 1, 3_600_000, "ms");
  integer(`${DEBLOAT}.samples`, samples, 1, 1000);
  integer(`${DEBLOAT}.threshold-percentages`, thresholdPercent, 0, 100);
}

/** The options' names begin so, as Flink's do. */
export const DEBLOAT = "taskmanager.network.memory.buffer-debloat";

/** One year: beyond it a duration is a mistake of units. */
const LONGEST_MS = 31_536_000_000;
const LARGEST_COUNT = 2 ** 31 - 1;

/** Throws OPTION_INVALID that names the first setting out of its bounds (CONF2); returns the configuration. */
export function validateConfiguration(configuration: JobConfiguration): JobConfiguration {
  const { checkpoints, restart } = configuration;
  if (configuration.jobName.trim() === "") throw outOfBounds("pipeline.name", '""', "a name that is not empty");
  integer("parallelism.default", configuration.parallelism, 1, MAX_PARALLELISM_UPPER);
  if (configuration.maxParallelism !== null) {
    integer("pipeline.max-parallelism", configuration.maxParallelism, 1, MAX_PARALLELISM_UPPER);
  }
  if (checkpoints.intervalMs !== null) {
    integer("execution.checkpointing.interval", checkpoints.intervalMs, 10, LONGEST_MS, "ms");
  }
  integer("execution.checkpointing.timeout", checkpoints.timeoutMs, 10, LONGEST_MS, "ms");
  integer("execution.checkpointing.min-pause", checkpoints.minPauseMs, 0, LONGEST_MS, "ms");
  integer("execution.checkpointing.max-concurrent-checkpoints", checkpoints.maxConcurrent, 1, 1000);
  integer("execution.checkpointing.store-call-timeout", checkpoints.storeCallTimeoutMs, 10, LONGEST_MS, "ms");
  integer("execution.checkpointing.num-retained", checkpoints.numRetained, 1, 1000);
  if (checkpoints.tolerableFailures !== null) {
    integer("execution.checkpointing.tolerable-failed-checkpoints", checkpoints.tolerableFailures, 0, LARGEST_COUNT);
  }
  integer("execution.buffer-timeout", configuration.bufferTimeoutMs, 0, 3_600_000, "ms");
  integer("pipeline.auto-watermark-interval", configuration.watermarkIntervalMs, 1, 3_600_000, "ms");
  validateBufferDebloat(configuration.bufferDebloat);
  integer("pipeline.hook-timeout", configuration.hookTimeoutMs, 10, LONGEST_MS, "ms");
  if (restart !== null) validateRestart(restart);
  return configuration;
}

function validateRestart(restart: RestartStrategy): void {
  const prefix = `restart-strategy.${restart.kind}`;
  if (restart.kind === "fixed-delay") {
    integer(`${prefix}.attempts`, restart.attempts, 0, LARGEST_COUNT);
    integer(`${prefix}.delay`, restart.delayMs, 0, LONGEST_MS, "ms");
  } else if (restart.kind === "failure-rate") {
    integer(`${prefix}.max-failures-per-interval`, restart.maxFailures, 0, LARGEST_COUNT);
    integer(`${prefix}.failure-rate-interval`, restart.intervalMs, 1, LONGEST_MS, "ms");
    integer(`${prefix}.delay`, restart.delayMs, 0, LONGEST_MS, "ms");
  } else if (restart.kind === "exponential-delay") {
    integer(`${prefix}.initial-backoff`, restart.initialMs, 1, LONGEST_MS, "ms");
    integer(
      `${prefix}.max-backoff`,
      restart.maxMs,
      restart.initialMs,
      LONGEST_MS,
      "ms (not below the initial backoff)",
    );
    integer(`${prefix}.reset-backoff-threshold`, restart.resetAfterMs, 1, LONGEST_MS, "ms");
    within(`${prefix}.backoff-multiplier`, restart.multiplier, 1, 1000);
    within(`${prefix}.jitter-factor`, restart.jitter, 0, 1);
    if (restart.attempts !== null) {
      integer(`${prefix}.attempts-before-reset-backoff`, restart.attempts, 1, LARGEST_COUNT);
    }
  }
}

function integer(option: string, value: number, first: number, last: number, unit = ""): void {
  if (Number.isSafeInteger(value) && value >= first && value <= last) return;
  throw outOfBounds(option, String(value), `a whole number from ${first} to ${last} ${unit}`.trimEnd());
}

function within(option: string, value: number, first: number, last: number): void {
  if (value >= first && value <= last) return;
  throw outOfBounds(option, String(value), `a number from ${first} to ${last}`);
}

function outOfBounds(option: string, value: string, allowed: string): StreamError {
  return new StreamError("OPTION_INVALID", `${option} is ${value}; give ${allowed}`, { destiny: "terminal" });
}
