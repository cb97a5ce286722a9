/**
 * Owns: the configuration of one job, typed: what holds by default, how layers go over each other, that it is within bounds.
 * Not here: the settings with their defaults and bounds (settings/table.ts; a test holds the types here against it), parsing
 * `key=value` (options.ts).
 * Called by: the job API (code below options), the JobManager.
 *
 * CONF1 A later layer wins setting by setting; within one restart strategy parameter by parameter, as long as the kind stays.
 * CONF2 A configuration that `validateConfiguration` has passed is within its bounds everywhere.
 */
import {
  type MemorySettings,
  restartStrategies,
  type Setting,
  settings,
  settingsIn,
  strategyNames,
  strategyParameters,
} from "../../settings/index.ts";
import { fieldOf, putField } from "./setting-fields.ts";
import { assertAllowed, wrong } from "./setting-values.ts";

export type CheckpointSettings = {
  /** null: no checkpoints (CK-1). */
  readonly intervalMs: number | null;
  readonly mode: "exactly-once" | "at-least-once";
  readonly timeoutMs: number;
  /** From the end of one to the start of the next. */
  readonly minPauseMs: number;
  readonly maxConcurrent: number;
  /** Consecutive failures that are borne; null = any number (our default, CK-2). */
  readonly tolerableFailures: number | null;
  /** What happens to checkpoints when the job is cancelled (CK-15). */
  readonly retention: "delete" | "retain";
  /** How many completed ones are kept. */
  readonly numRetained: number;
  /** What one call to a store may take, and a second more for each MiB that it moves. */
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
  /** A batch that is not full is sent after this time; 0: after each record. */
  readonly bufferTimeoutMs: number;
  /** How often watermarks are made. */
  readonly watermarkIntervalMs: number;
  /** Connections between TaskManagers are TLS, where the job has certificates. */
  readonly encryptsData: boolean;
  readonly bufferDebloat: BufferDebloatSettings;
  readonly s3: S3Settings;
  /** Read where processes start, from their options; here they are checked. */
  readonly memory: MemorySettings;
  /** How long a hook of an operator may take to settle. */
  readonly hookTimeoutMs: number;
  /** How long the job's module may take to load, and its build function to return. */
  readonly loadTimeoutMs: number;
  /** Silence after which a peer counts as lost. */
  readonly heartbeatTimeoutMs: number;
  /** What the language provides cannot be replaced once the job is loaded. */
  readonly frozenIntrinsics: boolean;
  /** Emitted records are not frozen: functions promise to change no object that they emitted, got, or hold in state. */
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

/** How S3 is reached (storage/s3-settings.ts, which is what they become). */
export type S3Settings = {
  readonly endpoint: string | null;
  readonly region: string | null;
  readonly pathStyleAccess: boolean;
  readonly accessKey: string | null;
  readonly secretKey: string | null;
  readonly caFile: string | null;
  readonly encryption: "none" | "sse-s3" | "sse-kms";
  readonly encryptionKey: string | null;
  readonly partMiB: number;
  readonly concurrentUploads: number;
  readonly attemptsMax: number;
  readonly connectTimeoutMs: number;
  readonly requestTimeoutMs: number;
};

type PartialByKind<S> = S extends { readonly kind: infer K } ? { readonly kind: K } & Partial<Omit<S, "kind">> : never;

/** A strategy of which some parameters may be left to the layer below, or to the defaults. */
export type RestartChange = PartialByKind<RestartStrategy>;

/** What one layer (code, or `-D`) says; what is absent stays as it was. */
export type ConfigurationChange = Partial<
  Omit<JobConfiguration, "checkpoints" | "restart" | "bufferDebloat" | "s3" | "memory">
> & {
  readonly memory?: Partial<MemorySettings>;
  readonly s3?: Partial<S3Settings>;
  readonly bufferDebloat?: Partial<BufferDebloatSettings>;
  readonly checkpoints?: Partial<CheckpointSettings>;
  readonly restart?: RestartChange;
};

const DEFAULTS = {
  ...defaultsOf(settingsIn(settings).map(({ setting }) => setting)),
  restart: null,
} as unknown as JobConfiguration;

const RESTART_DEFAULTS = Object.fromEntries(
  strategyNames.map((kind) => [kind, { kind, ...defaultsOf(Object.values(strategyParameters(kind))) }]),
) as unknown as { readonly [K in RestartStrategy["kind"]]: Extract<RestartStrategy, { kind: K }> };

function defaultsOf(all: readonly Setting[]): Record<string, unknown> {
  const fields: Record<string, unknown> = {};
  for (const setting of all) putField(fields, setting.field, setting.default);
  return fields;
}

/** What holds when nothing is set. */
export function defaultConfiguration(): JobConfiguration {
  return DEFAULTS;
}

/** `base` with what `change` says on top (CONF1). Not checked: call `validateConfiguration` on the last one. */
export function mergeConfiguration(base: JobConfiguration, change: ConfigurationChange): JobConfiguration {
  const { checkpoints, restart, bufferDebloat, s3, memory, ...plain } = change;
  return {
    ...base,
    ...plain,
    checkpoints: { ...base.checkpoints, ...checkpoints },
    bufferDebloat: { ...base.bufferDebloat, ...bufferDebloat },
    s3: { ...base.s3, ...s3 },
    memory: { ...base.memory, ...memory },
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

/** Throws OPTION_INVALID that names the first setting out of its bounds (CONF2); returns the configuration. */
export function validateConfiguration(configuration: JobConfiguration): JobConfiguration {
  for (const { setting } of settingsIn(settings)) {
    if (setting.field !== "") assertAllowed(setting, fieldOf(configuration, setting.field));
  }
  if (configuration.restart !== null) validateRestart(configuration.restart);
  return configuration;
}

function validateRestart(restart: RestartStrategy): void {
  const parameters = strategyParameters(restart.kind);
  for (const setting of Object.values(parameters)) assertAllowed(setting, fieldOf(restart, setting.field));
  if (restart.kind !== "exponential-delay" || restart.maxMs >= restart.initialMs) return;
  const { maxBackoff, initialBackoff } = restartStrategies["exponential-delay"];
  throw wrong(
    maxBackoff.option,
    `${restart.maxMs} ms`,
    `no less than ${initialBackoff.option}, which is ${restart.initialMs} ms (in code: restart.maxBackoff and restart.initialBackoff)`,
  );
}
