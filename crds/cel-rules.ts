/**
 * Owns: what a StreamJob or snapshot may not say although each field alone is in order: contradictions, what never changes, what is
 * not in this version. Each rule twice: as CEL for the API server, and as a function for everyone else.
 * Does not own: the form of single fields (schemas). Called by: structural-schema.ts (the CEL), validation.ts (the functions).
 *
 * CER1 Both forms of a rule say the same: a test runs both over the same objects.
 * CER2 A rule looks only at fields below the place where it stands, and is looked at only if all of them have the right form.
 * CER3 A message says what is wrong and what to write.
 */
import { durationMs } from "../base/index.ts";
import { restartStrategies, restartStrategy, settings, settingsIn } from "../settings/index.ts";
import { celMilliseconds } from "./duration.ts";
import { JOB_NAME_LENGTH_MAX } from "./names.ts";
import { type RestartParameter, strategiesOf } from "./setting-fields.ts";
import type { StreamJobSnapshotSpec } from "./stream-job-snapshot.ts";
import type { StreamJobSpec } from "./stream-job-spec.ts";

/** Why a rule refuses, in one word. */
export type RuleReason = "NotInThisVersion" | "Contradiction" | "Immutable" | "Reserved" | "NameInvalid";

/** One rule about values of type T. */
export interface Rule<T> {
  readonly reason: RuleReason;
  /** Which field below the place is at fault, such as `.sql`; absent: the place itself. Each part is a field's name. */
  readonly fieldPath?: string;
  /** The same where a definition cannot say it; it wins over `fieldPath` for people. */
  readonly reportedAt?: string;
  /** CEL; `self` is the value, `oldSelf` the one before. */
  readonly rule: string;
  readonly message: string;
  /** The same as `rule`. `oldSelf` is there only in a rule about changes. */
  readonly holds: (self: T, oldSelf: T) => boolean;
  /** Whether it speaks of `oldSelf`: then it is asked only when there was a value before. */
  readonly isAboutChange?: true;
}

/** The rules of one place: names of fields, `*` for each item of a list. */
export interface RulesAt {
  readonly at: readonly string[];
  readonly rules: readonly Rule<unknown>[];
}

type Spec = StreamJobSpec;
type Part<K extends keyof Spec> = NonNullable<Spec[K]>;

const onObject: readonly Rule<{ readonly metadata: { readonly name: string } }>[] = [
  {
    reason: "NameInvalid",
    // Rules may look at the name, but a definition has no schema of metadata to which a fieldPath could lead.
    reportedAt: ".metadata.name",
    rule: `self.metadata.name.matches('^[a-z]([-a-z0-9]*[a-z0-9])?$') && size(self.metadata.name) <= ${JOB_NAME_LENGTH_MAX}`,
    message: `metadata.name must be at most ${JOB_NAME_LENGTH_MAX} of a-z, 0-9 and -, begin with a letter and not end with -: the names of pods and Services are built from it`,
    holds: ({ metadata: { name } }) => /^[a-z]([-a-z0-9]*[a-z0-9])?$/.test(name) && name.length <= JOB_NAME_LENGTH_MAX,
  },
];

/** Options of the runtime that have a field of the spec, by the field: said twice they could contradict each other. */
export const optionsWithField: Readonly<Record<string, string>> = Object.fromEntries(
  settingsIn(settings).flatMap(({ name, setting }) => {
    const field = setting.notInManifests === undefined ? name : setting.manifestInstead;
    const options = [setting.option, ...(setting.aliases ?? [])];
    return field === undefined ? [] : options.map((option) => [option, field]);
  }),
);
/** All options of restart strategies begin like this; their field is `restart`. */
const [RESTART_OPTIONS] = restartStrategy.aliases;

const onSpec: readonly Rule<Spec>[] = [
  {
    reason: "NotInThisVersion",
    fieldPath: ".engine",
    rule: "!has(self.engine) || self.engine != 'flink'",
    message: "engine flink is not supported in this version; omit engine or set native",
    holds: ({ engine }) => engine !== "flink",
  },
  {
    reason: "NotInThisVersion",
    fieldPath: ".stateBackend",
    rule: "!has(self.stateBackend) || self.stateBackend != 'rocksdb'",
    message: "stateBackend rocksdb is not supported in this version; set fs",
    holds: ({ stateBackend }) => stateBackend !== "rocksdb",
  },
  {
    reason: "Immutable",
    fieldPath: ".maxParallelism",
    rule: "!has(oldSelf.maxParallelism) || (has(self.maxParallelism) && self.maxParallelism == oldSelf.maxParallelism)",
    message:
      "maxParallelism is immutable: the job's state is partitioned by it; restore its previous value, or create another StreamJob",
    holds: (self, oldSelf) => oldSelf.maxParallelism === undefined || self.maxParallelism === oldSelf.maxParallelism,
    isAboutChange: true,
  },
  {
    reason: "Contradiction",
    fieldPath: ".parallelism",
    rule: "!has(self.maxParallelism) || !has(self.parallelism) || self.parallelism <= self.maxParallelism",
    message: "parallelism must not exceed maxParallelism; lower parallelism",
    holds: ({ parallelism, maxParallelism }) => maxParallelism === undefined || (parallelism ?? 1) <= maxParallelism,
  },
  {
    reason: "Contradiction",
    fieldPath: ".taskManager.slots",
    rule:
      "!has(self.taskManager) || !has(self.taskManager.slots) || self.taskManager.slots * " +
      "(has(self.taskManager.replicas) ? self.taskManager.replicas : 1) >= (has(self.parallelism) ? self.parallelism : 1)",
    message: "taskManager.replicas × taskManager.slots must not be below parallelism; raise one of them, or omit slots",
    holds: ({ parallelism, taskManager }) =>
      taskManager?.slots === undefined || taskManager.slots * (taskManager.replicas ?? 1) >= (parallelism ?? 1),
  },
  {
    reason: "Contradiction",
    fieldPath: ".upgrade.mode",
    rule:
      "!(has(self.stateBackend) && self.stateBackend == 'memory' && has(self.upgrade) && " +
      "((has(self.upgrade.mode) && self.upgrade.mode == 'last-state') || has(self.upgrade.lastStateMaxAge)))",
    message:
      "an upgrade cannot start from the last checkpoint with stateBackend memory, which is lost when the JobManager exits; " +
      "set stateBackend fs, or upgrade.mode savepoint without lastStateMaxAge",
    holds: ({ stateBackend, upgrade }) =>
      stateBackend !== "memory" || (upgrade?.mode !== "last-state" && upgrade?.lastStateMaxAge === undefined),
  },
  {
    reason: "Contradiction",
    fieldPath: ".deletion.savepoint",
    rule:
      "!(has(self.deletion) && has(self.deletion.savepoint) && self.deletion.savepoint && has(self.deletion.keepState) && " +
      "!self.deletion.keepState && !(has(self.savepoints) && has(self.savepoints.path)))",
    message:
      "deletion.savepoint with keepState false would delete the savepoint just taken; set savepoints.path, or keepState true",
    holds: ({ deletion, savepoints }) =>
      deletion?.savepoint !== true || deletion.keepState !== false || savepoints?.path !== undefined,
  },
  {
    reason: "Reserved",
    fieldPath: ".config",
    rule:
      `!has(self.config) || self.config.all(name, !name.startsWith('${RESTART_OPTIONS}') && ` +
      `!(name in [${Object.keys(optionsWithField)
        .map((name) => `'${name}'`)
        .join(", ")}]))`,
    message:
      "config contains an option that has its own field in the spec, such as parallelism.default; set the field (parallelism, maxParallelism, " +
      "checkpoints, savepoints, stateBackend, restart) and remove the option",
    holds: ({ config = {} }) =>
      Object.keys(config).every((name) => !name.startsWith(RESTART_OPTIONS) && !Object.hasOwn(optionsWithField, name)),
  },
];

const onProgram: readonly Rule<Spec["job"]>[] = [
  {
    reason: "Contradiction",
    rule: "[has(self.module), has(self.configMap), has(self.inline), has(self.sql), has(self.jar)].filter(given, given).size() == 1",
    message: "job must have exactly one of module, configMap, inline, sql and jar",
    holds: ({ module, configMap, inline, sql, jar }) =>
      [module, configMap, inline, sql, jar].filter((each) => each !== undefined).length === 1,
  },
  {
    reason: "Contradiction",
    fieldPath: ".configMap",
    rule: "!has(self.configMap) || !has(self.configMap.items) || self.configMap.items.exists(item, item.key == self.configMap.key)",
    message: "job.configMap.items must have an item for job.configMap.key, the module; add it, or remove items",
    holds: ({ configMap }) =>
      configMap?.items === undefined || configMap.items.some(({ key }) => key === configMap.key),
  },
  {
    reason: "NotInThisVersion",
    fieldPath: ".jar",
    rule: "!has(self.jar)",
    message:
      "job.jar is not supported in this version, because engine flink is not; use module, configMap, inline or sql",
    holds: ({ jar }) => jar === undefined,
  },
];

const onEnvironmentVariable: readonly Rule<NonNullable<Spec["job"]["env"]>[number]>[] = [
  {
    reason: "Contradiction",
    rule: "!(has(self.value) && has(self.valueFrom))",
    message: "a variable must not have both value and valueFrom; remove one",
    holds: ({ value, valueFrom }) => value === undefined || valueFrom === undefined,
  },
  {
    reason: "Contradiction",
    fieldPath: ".valueFrom",
    rule:
      "!has(self.valueFrom) || [has(self.valueFrom.configMapKeyRef), has(self.valueFrom.secretKeyRef), " +
      "has(self.valueFrom.fieldRef), has(self.valueFrom.resourceFieldRef)].filter(given, given).size() == 1",
    message: "valueFrom must have exactly one of configMapKeyRef, secretKeyRef, fieldRef and resourceFieldRef",
    holds: ({ valueFrom }) =>
      valueFrom === undefined || Object.values(valueFrom).filter((each) => each !== undefined).length === 1,
  },
  {
    reason: "Reserved",
    fieldPath: ".name",
    rule: "!self.name.startsWith('STREAMJOB_')",
    message: "names that begin with STREAMJOB_ are reserved for the operator; choose another name",
    holds: ({ name }) => !name.startsWith("STREAMJOB_"),
  },
];

const onCheckpoints: readonly Rule<Part<"checkpoints">>[] = [
  {
    reason: "Contradiction",
    fieldPath: ".maxConcurrent",
    rule:
      "!has(self.minPause) || !has(self.maxConcurrent) || self.maxConcurrent == 1 || " +
      `${celMilliseconds("self.minPause")} == 0`,
    message: "minPause allows only one checkpoint at a time; omit maxConcurrent or minPause",
    holds: ({ minPause, maxConcurrent }) =>
      minPause === undefined || maxConcurrent === undefined || maxConcurrent === 1 || durationMs(minPause) === 0,
  },
  {
    reason: "NotInThisVersion",
    fieldPath: ".incremental",
    rule: "!has(self.incremental) || !self.incremental",
    message:
      "incremental cannot be chosen in this version: column tables of SQL are stored so, other state is not; omit incremental",
    holds: ({ incremental }) => incremental !== true,
  },
  {
    reason: "NotInThisVersion",
    fieldPath: ".unaligned",
    rule: "!has(self.unaligned) || !self.unaligned",
    message: "unaligned checkpoints are not supported in this version; omit unaligned",
    holds: ({ unaligned }) => unaligned !== true,
  },
];

type Storage = NonNullable<Part<"checkpoints">["storage"]>;
const onS3: readonly Rule<NonNullable<Storage["s3"]>>[] = [
  {
    reason: "Contradiction",
    fieldPath: ".encryption",
    rule: "!has(self.encryption) || !has(self.encryption.key) || self.encryption.algorithm == 'SSE-KMS'",
    message: "encryption.key is the key of SSE-KMS; set algorithm: SSE-KMS, or remove key",
    holds: ({ encryption }) => encryption?.key === undefined || encryption.algorithm === "SSE-KMS",
  },
];

type Restart = Part<"restart">;
const LEAST_ATTEMPTS = restartStrategies["exponential-delay"].attempts.min;
const onRestart: readonly Rule<Restart>[] = [
  ...(Object.keys(strategiesOf) as RestartParameter[]).map((parameter): Rule<Restart> => {
    const strategies = strategiesOf[parameter];
    return {
      reason: "Contradiction",
      fieldPath: `.${parameter}`,
      rule: `!has(self.${parameter}) || self.strategy in [${strategies.map((name) => `'${name}'`).join(", ")}]`,
      message: `restart.${parameter} belongs to strategy ${strategies.join(" or ")}; omit it, or set that strategy`,
      holds: (self) => self[parameter] === undefined || strategies.includes(self.strategy),
    };
  }),
  {
    reason: "Contradiction",
    fieldPath: ".attempts",
    rule: `self.strategy != 'exponential-delay' || !has(self.attempts) || self.attempts >= ${LEAST_ATTEMPTS}`,
    message: `restart.attempts must be at least ${LEAST_ATTEMPTS} with exponential-delay; set strategy none for a job that must never restart`,
    holds: ({ strategy, attempts }) =>
      strategy !== "exponential-delay" || attempts === undefined || attempts >= LEAST_ATTEMPTS,
  },
  {
    reason: "Contradiction",
    fieldPath: ".maxBackoff",
    rule: `!has(self.initialBackoff) || !has(self.maxBackoff) || ${celMilliseconds("self.maxBackoff")} >= ${celMilliseconds("self.initialBackoff")}`,
    message: "restart.maxBackoff must not be below initialBackoff",
    holds: ({ initialBackoff, maxBackoff }) => isNotBelow(maxBackoff, initialBackoff),
  },
];

const onRecovery: readonly Rule<Part<"recovery">>[] = [
  {
    reason: "Contradiction",
    fieldPath: ".backoffMax",
    rule: `!has(self.backoffInitial) || !has(self.backoffMax) || ${celMilliseconds("self.backoffMax")} >= ${celMilliseconds("self.backoffInitial")}`,
    message: "recovery.backoffMax must not be below backoffInitial",
    holds: ({ backoffInitial, backoffMax }) => isNotBelow(backoffMax, backoffInitial),
  },
];

const onRestore: readonly Rule<Part<"restore">>[] = [
  {
    reason: "Contradiction",
    rule: "has(self.path) != has(self.snapshot)",
    message: "restore must have exactly one of path and snapshot; to start without state, omit restore",
    holds: ({ path, snapshot }) => (path === undefined) !== (snapshot === undefined),
  },
];

const onSnapshotSpec: readonly Rule<StreamJobSnapshotSpec>[] = [
  {
    reason: "Immutable",
    rule:
      "self.jobRef.name == oldSelf.jobRef.name && has(self.origin) == has(oldSelf.origin) && has(self.path) == has(oldSelf.path) && " +
      "(!has(self.origin) || self.origin == oldSelf.origin) && (!has(self.path) || self.path == oldSelf.path)",
    message: "a StreamJobSnapshot is immutable except for disposeOnDelete; create another one",
    holds: (self, oldSelf) =>
      self.jobRef.name === oldSelf.jobRef.name && self.origin === oldSelf.origin && self.path === oldSelf.path,
    isAboutChange: true,
  },
];

function isNotBelow(most: string | undefined, least: string | undefined): boolean {
  return most === undefined || least === undefined || durationMs(most) >= durationMs(least);
}

/** Types end here: CER2 says that a rule sees only values of its type. */
function place<T>(at: readonly string[], rules: readonly Rule<T>[]): RulesAt {
  return { at, rules: rules as readonly Rule<unknown>[] };
}

/** All rules of a StreamJob, by place. */
export const streamJobRules: readonly RulesAt[] = [
  place([], onObject),
  place(["spec"], onSpec),
  place(["spec", "job"], onProgram),
  place(["spec", "job", "env", "*"], onEnvironmentVariable),
  place(["spec", "checkpoints"], onCheckpoints),
  place(["spec", "checkpoints", "storage", "s3"], onS3),
  place(["spec", "restart"], onRestart),
  place(["spec", "recovery"], onRecovery),
  place(["spec", "restore"], onRestore),
];

/** All rules of a StreamJobSnapshot, by place. */
export const streamJobSnapshotRules: readonly RulesAt[] = [place(["spec"], onSnapshotSpec)];
