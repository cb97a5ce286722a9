/**
 * Owns: what holds when a field of a spec is absent (`withDefaults`), durations in milliseconds, choices as tagged unions.
 * Does not own: whether a spec is valid (validation.ts). Called by: reconcile, resources, observe; never by the API server.
 *
 * DEF1 Defaults are applied when a spec is read, never written into the object (SJS2 of stream-job-spec.ts).
 * DEF2 A resolved spec has no field that is absent: null says that there is nothing, and who chooses then.
 */
import { assert, durationMs } from "../base/index.ts";
import { restartStrategy, settings, strategyParameters } from "../settings/index.ts";
import { MINUTE_MS, SECOND_MS } from "./fields.ts";
import { manifestDefault, type RestartParameter } from "./setting-fields.ts";
import type { StreamJobSnapshotSpec } from "./stream-job-snapshot.ts";
import type { EnvironmentVariable, PodTemplate, Resources, StreamJobSpec } from "./stream-job-spec.ts";

/** Where the job's module comes from. */
export type ProgramSource =
  | { readonly kind: "module"; readonly path: string }
  | {
      readonly kind: "configMap";
      readonly name: string;
      readonly key: string;
      /** Which keys are files, and where. Absent: all, each by its own name. */
      readonly items?: readonly { readonly key: string; readonly path: string }[];
    }
  /** The module's source itself. */
  | { readonly kind: "inline"; readonly text: string }
  /** Statements of SQL. */
  | { readonly kind: "sql"; readonly text: string };

/** The same shape as the runtime's restart strategy. */
export type ResolvedRestart =
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
      readonly jitter: number;
      readonly resetAfterMs: number;
      /** null: without end. */
      readonly attempts: number | null;
    };

/** What the job starts from, as the spec says it. */
export type ResolvedRestore =
  | { readonly kind: "none" }
  | { readonly kind: "path"; readonly path: string; readonly allowNonRestoredState: boolean }
  | { readonly kind: "snapshot"; readonly name: string; readonly allowNonRestoredState: boolean };

/** Where state goes. */
export type ResolvedStorage =
  | { readonly kind: "path"; readonly path: string }
  /** The control plane chooses. */
  | { readonly kind: "default" };

/** How the pods reach S3. null: as the environment of the pods says. */
export interface ResolvedS3 {
  readonly endpoint: string | null;
  readonly region: string | null;
  readonly pathStyleAccess: boolean;
  /** Keys of the Secret. */
  readonly credentials: {
    readonly secretName: string;
    readonly accessKeyId: string;
    readonly secretAccessKey: string;
    /** null: there is none. */
    readonly sessionToken: string | null;
  } | null;
  readonly encryption: { readonly algorithm: "SSE-S3" | "SSE-KMS"; readonly key: string | null } | null;
  readonly ca: { readonly configMapName: string; readonly key: string } | null;
}

export interface ResolvedCheckpoints {
  readonly intervalMs: number;
  readonly mode: "exactly-once" | "at-least-once";
  readonly timeoutMs: number;
  readonly minPauseMs: number;
  readonly maxConcurrent: number;
  /** null: any number. */
  readonly tolerableFailures: number | null;
  readonly retainCount: number;
  readonly storage: ResolvedStorage;
  readonly s3: ResolvedS3;
}

export interface ResolvedSavepoints {
  /** null: below the store of the incarnation that makes them. */
  readonly path: string | null;
  /** Five fields of cron, in UTC; null: none. */
  readonly schedule: string | null;
  readonly retainCount: number;
  /** null: no age is too old. */
  readonly retainAgeMs: number | null;
}

export interface ResolvedRecovery {
  readonly onFailed: "never" | "resume";
  readonly attemptsMax: number;
  readonly backoffInitialMs: number;
  readonly backoffMaxMs: number;
  readonly resetAfterMs: number;
}

export interface ResolvedUpgrade {
  readonly mode: "savepoint" | "last-state" | "stateless";
  readonly standby: "warm" | "cold";
  readonly savepointTimeoutMs: number;
  readonly retryBackoffMaxMs: number;
  /** null: never fall back from a savepoint to the last state. */
  readonly lastStateMaxAgeMs: number | null;
  readonly deployTimeoutMs: number;
  readonly rollback: boolean;
  readonly stabilityWindowMs: number;
  readonly stabilityMaxRestarts: number;
  readonly approval: "auto" | "manual";
  readonly allowNonRestoredState: boolean;
}

export interface ResolvedPods {
  /** null: none set. */
  readonly resources: Resources | null;
  /** null: nothing beside what the operator sets. */
  readonly podTemplate: PodTemplate | null;
  readonly pdb: boolean;
}

/** A spec in which every field has a value (DEF2). */
export interface ResolvedSpec {
  readonly engine: "native";
  /** null: the operator's. */
  readonly image: string | null;
  /** null: as Kubernetes does it. */
  readonly imagePullPolicy: "Always" | "IfNotPresent" | "Never" | null;
  readonly imagePullSecrets: readonly { readonly name: string }[];
  /** null: that of the namespace. */
  readonly serviceAccountName: string | null;
  readonly job: {
    readonly source: ProgramSource;
    readonly args: readonly string[];
    readonly env: readonly EnvironmentVariable[];
  };
  readonly state: "running" | "suspended";
  readonly parallelism: number;
  /** null: the runtime derives it, or takes that of the restored state. */
  readonly maxParallelism: number | null;
  readonly checkpoints: ResolvedCheckpoints;
  readonly stateBackend: "memory" | "fs";
  readonly savepoints: ResolvedSavepoints;
  readonly restart: ResolvedRestart;
  readonly recovery: ResolvedRecovery;
  readonly upgrade: ResolvedUpgrade;
  readonly restore: ResolvedRestore;
  /** null: none yet. */
  readonly restartNonce: string | number | null;
  /** null: none yet. */
  readonly savepointNonce: string | number | null;
  readonly jobManager: ResolvedPods;
  readonly taskManager: ResolvedPods & { readonly replicas: number; readonly slots: number };
  readonly deletion: {
    readonly savepoint: boolean;
    readonly savepointTimeoutMs: number;
    readonly keepState: boolean;
    readonly cleanUpTimeoutMs: number;
  };
  readonly config: Readonly<Record<string, string>>;
}

/** The spec with a value for every field. `spec` must have passed `validateStreamJob`. */
export function withDefaults(spec: StreamJobSpec): ResolvedSpec {
  assert(spec.engine !== "flink" && spec.stateBackend !== "rocksdb", "a spec that validation refuses was resolved");
  const parallelism = spec.parallelism ?? manifestDefault(settings.parallelism);
  const replicas = spec.taskManager?.replicas ?? 1;
  return {
    engine: "native",
    image: spec.image ?? null,
    imagePullPolicy: spec.imagePullPolicy ?? null,
    imagePullSecrets: spec.imagePullSecrets ?? [],
    serviceAccountName: spec.serviceAccountName ?? null,
    job: { source: programSource(spec.job), args: spec.job.args ?? [], env: spec.job.env ?? [] },
    state: spec.state ?? "running",
    parallelism,
    maxParallelism: spec.maxParallelism ?? manifestDefault(settings.maxParallelism),
    checkpoints: resolveCheckpoints(spec.checkpoints ?? {}),
    stateBackend: spec.stateBackend ?? manifestDefault(settings.stateBackend),
    savepoints: resolveSavepoints(spec.savepoints ?? {}),
    restart: resolveRestart(spec.restart ?? { strategy: manifestDefault(restartStrategy) }),
    recovery: resolveRecovery(spec.recovery ?? {}),
    upgrade: resolveUpgrade(spec.upgrade ?? {}),
    restore: resolveRestore(spec.restore),
    restartNonce: spec.restartNonce ?? null,
    savepointNonce: spec.savepointNonce ?? null,
    jobManager: resolvePods(spec.jobManager ?? {}, { pdb: false }),
    taskManager: {
      ...resolvePods(spec.taskManager ?? {}, { pdb: true }),
      replicas,
      slots: spec.taskManager?.slots ?? Math.ceil(parallelism / replicas),
    },
    deletion: {
      savepoint: spec.deletion?.savepoint ?? false,
      savepointTimeoutMs: milliseconds(spec.deletion?.savepointTimeout, 10 * MINUTE_MS),
      keepState: spec.deletion?.keepState ?? true,
      cleanUpTimeoutMs: milliseconds(spec.deletion?.cleanUpTimeout, 10 * MINUTE_MS),
    },
    config: spec.config ?? {},
  };
}

/** The spec of a snapshot with a value for every field. */
export function snapshotWithDefaults(spec: StreamJobSnapshotSpec) {
  return {
    jobName: spec.jobRef.name,
    origin: spec.origin ?? ("manual" as const),
    /** null: the operator chooses. */
    path: spec.path ?? null,
    disposeOnDelete: spec.disposeOnDelete ?? true,
  };
}

function milliseconds(text: string | undefined, byDefaultMs: number): number {
  return text === undefined ? byDefaultMs : durationMs(text);
}

function programSource(job: StreamJobSpec["job"]): ProgramSource {
  if (job.configMap !== undefined) {
    const { name, key, items } = job.configMap;
    return { kind: "configMap", name, key, ...(items === undefined ? {} : { items }) };
  }
  if (job.inline !== undefined) return { kind: "inline", text: job.inline };
  if (job.sql !== undefined) return { kind: "sql", text: job.sql };
  assert(job.module !== undefined, "a job without a module was resolved");
  return { kind: "module", path: job.module };
}

function resolveCheckpoints(spec: NonNullable<StreamJobSpec["checkpoints"]>): ResolvedCheckpoints {
  const path = spec.storage?.path;
  const { interval, mode, timeout, minPause, maxConcurrent, tolerableFailures, retain } = settings.checkpoints;
  return {
    intervalMs: milliseconds(spec.interval, manifestDefault(interval)),
    mode: spec.mode ?? manifestDefault(mode),
    timeoutMs: milliseconds(spec.timeout, manifestDefault(timeout)),
    minPauseMs: milliseconds(spec.minPause, manifestDefault(minPause)),
    maxConcurrent: spec.maxConcurrent ?? manifestDefault(maxConcurrent),
    tolerableFailures: spec.tolerableFailures ?? manifestDefault(tolerableFailures),
    retainCount: spec.retain?.count ?? manifestDefault(retain.count),
    storage: path === undefined ? { kind: "default" } : { kind: "path", path },
    s3: resolveS3(spec.storage?.s3 ?? {}),
  };
}

type S3Spec = NonNullable<NonNullable<NonNullable<StreamJobSpec["checkpoints"]>["storage"]>["s3"]>;

function resolveS3({ endpoint, region, pathStyleAccess, credentials, encryption, ca }: S3Spec): ResolvedS3 {
  return {
    endpoint: endpoint ?? null,
    region: region ?? null,
    pathStyleAccess: pathStyleAccess ?? false,
    credentials:
      credentials === undefined
        ? null
        : {
            secretName: credentials.secretName,
            accessKeyId: credentials.accessKeyId ?? "accessKeyId",
            secretAccessKey: credentials.secretAccessKey ?? "secretAccessKey",
            sessionToken: credentials.sessionToken ?? null,
          },
    encryption: encryption === undefined ? null : { algorithm: encryption.algorithm, key: encryption.key ?? null },
    ca: ca === undefined ? null : { configMapName: ca.configMapName, key: ca.key ?? "ca.crt" },
  };
}

function resolveSavepoints(spec: NonNullable<StreamJobSpec["savepoints"]>): ResolvedSavepoints {
  return {
    path: spec.path ?? null,
    schedule: spec.schedule ?? null,
    retainCount: spec.retain?.count ?? 10,
    retainAgeMs: spec.retain?.age === undefined ? null : durationMs(spec.retain.age),
  };
}

function resolveRestart(spec: NonNullable<StreamJobSpec["restart"]>): ResolvedRestart {
  const fields = Object.entries(strategyParameters(spec.strategy)).map(([name, setting]) => {
    const said = spec[name as RestartParameter];
    return [setting.field, typeof said === "string" ? durationMs(said) : (said ?? manifestDefault(setting))];
  });
  const resolved = { kind: spec.strategy, ...Object.fromEntries(fields) } as ResolvedRestart;
  if (resolved.kind !== "exponential-delay" || spec.maxBackoff !== undefined) return resolved;
  // A default may not contradict what is said.
  return { ...resolved, maxMs: Math.max(resolved.maxMs, resolved.initialMs) };
}

function resolveRecovery(spec: NonNullable<StreamJobSpec["recovery"]>): ResolvedRecovery {
  const backoffInitialMs = milliseconds(spec.backoffInitial, 10 * SECOND_MS);
  return {
    onFailed: spec.onFailed ?? "never",
    attemptsMax: spec.attemptsMax ?? 3,
    backoffInitialMs,
    backoffMaxMs: milliseconds(spec.backoffMax, Math.max(5 * MINUTE_MS, backoffInitialMs)),
    resetAfterMs: milliseconds(spec.resetAfter, 10 * MINUTE_MS),
  };
}

function resolveUpgrade(spec: NonNullable<StreamJobSpec["upgrade"]>): ResolvedUpgrade {
  return {
    mode: spec.mode ?? "savepoint",
    standby: spec.standby ?? "warm",
    savepointTimeoutMs: milliseconds(spec.savepointTimeout, 10 * MINUTE_MS),
    retryBackoffMaxMs: milliseconds(spec.retryBackoffMax, 5 * MINUTE_MS),
    lastStateMaxAgeMs: spec.lastStateMaxAge === undefined ? null : durationMs(spec.lastStateMaxAge),
    deployTimeoutMs: milliseconds(spec.deployTimeout, 5 * MINUTE_MS),
    rollback: spec.rollback ?? true,
    stabilityWindowMs: milliseconds(spec.stability?.window, MINUTE_MS),
    stabilityMaxRestarts: spec.stability?.maxRestarts ?? 2,
    approval: spec.approval ?? "auto",
    allowNonRestoredState: spec.allowNonRestoredState ?? false,
  };
}

function resolveRestore(spec: StreamJobSpec["restore"]): ResolvedRestore {
  if (spec === undefined) return { kind: "none" };
  const allowNonRestoredState = spec.allowNonRestoredState ?? false;
  if (spec.snapshot !== undefined) return { kind: "snapshot", name: spec.snapshot, allowNonRestoredState };
  assert(spec.path !== undefined, "a restore of nothing was resolved");
  return { kind: "path", path: spec.path, allowNonRestoredState };
}

function resolvePods(spec: NonNullable<StreamJobSpec["jobManager"]>, { pdb }: { readonly pdb: boolean }): ResolvedPods {
  return { resources: spec.resources ?? null, podTemplate: spec.podTemplate ?? null, pdb: spec.pdb ?? pdb };
}
