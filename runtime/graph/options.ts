/**
 * Owns: the options of a job as `name=value`, as one table: name, form, default, what it means. Flink's names.
 * Not here: the settings they make, their bounds and defaults (configuration.ts), restart strategies (restart-options.ts).
 * Called by: the job module's loader (`-D`), tools that write docs/options.md.
 *
 * OPT1 Nothing is ignored: an unknown name, a value that is no value, and two options that contradict each other are errors.
 * OPT2 Every option of the table can be parsed, and every line of docs/options.md comes from it.
 */
import { StreamError } from "../../base/index.ts";
import {
  type BufferDebloatSettings,
  type CheckpointSettings,
  type ConfigurationChange,
  DEBLOAT,
  type JobConfiguration,
} from "./configuration.ts";
import { nearestNames } from "./nearest-names.ts";
import {
  type OptionForm,
  readBoolean,
  readChoice,
  readDuration,
  readText,
  readWhole,
  readWholeOr,
} from "./option-values.ts";
import { parseRestart, restartOptions } from "./restart-options.ts";

/** One option as documentation and tools see it. */
export type OptionDescription = {
  readonly name: string;
  /** Older or shorter names of Flink's that mean the same. */
  readonly aliases: readonly string[];
  /** What a value looks like, in words. */
  readonly form: string;
  /** In words. */
  readonly defaultValue: string;
  readonly doc: string;
};

type Option = OptionDescription & { readonly apply: (draft: Draft, value: string, name: string) => void };

type Draft = {
  plain: Mutable<Omit<ConfigurationChange, "checkpoints" | "restart" | "bufferDebloat">>;
  checkpoints: Mutable<Partial<CheckpointSettings>>;
  bufferDebloat: Mutable<Partial<BufferDebloatSettings>>;
  /** CK-6: said by the other spelling. */
  failOnErrors?: boolean;
  restart: Map<string, string>;
};
type Mutable<T> = { -readonly [K in keyof T]: T[K] };

const CK = "execution.checkpointing";
const FAIL_ON_ERRORS = `${CK}.fail-on-checkpointing-errors`;
const TOLERABLE = `${CK}.tolerable-failed-checkpoints`;

function option<V>(
  name: string,
  read: OptionForm<V>,
  about: { readonly by: string; readonly doc: string; readonly aliases?: readonly string[] },
  set: (draft: Draft, value: V) => void,
): Option {
  const apply = (draft: Draft, text: string, written: string): void => set(draft, read.parse(text, written));
  return { name, aliases: about.aliases ?? [], form: read.form, defaultValue: about.by, doc: about.doc, apply };
}

const pipelineOptions: readonly Option[] = [
  option("pipeline.name", readText, { by: "Stream job", doc: "The job's name." }, (draft, value) => {
    draft.plain.jobName = value;
  }),
  option(
    "parallelism.default",
    readWhole,
    { by: "1", doc: "Parallelism of every operator that does not set its own. 1 to 32768." },
    (draft, value) => {
      draft.plain.parallelism = value;
    },
  ),
  option(
    "pipeline.max-parallelism",
    readWhole,
    {
      by: "1.5 × parallelism, rounded up to a power of two, 128 to 32768; or the value of the restored state",
      doc: "Number of key groups: the highest parallelism the job's keyed state can ever be restored with.",
    },
    (draft, value) => {
      draft.plain.maxParallelism = value;
    },
  ),
  option(
    "execution.buffer-timeout",
    readDuration,
    { by: "100 ms", doc: "A batch that is not full is sent after this time. 0: after each record." },
    (draft, value) => {
      draft.plain.bufferTimeoutMs = value;
    },
  ),
  option(
    "pipeline.auto-watermark-interval",
    readDuration,
    { by: "200 ms", doc: "How often watermarks are generated from the timestamps seen." },
    (draft, value) => {
      draft.plain.watermarkIntervalMs = value;
    },
  ),
  option(
    "pipeline.object-reuse",
    readBoolean,
    {
      by: "false",
      doc: "false: an emitted record is frozen, so that a function that changes it fails at that line. true: records are not frozen, which is faster; functions must then never change an object that they emitted, received, or stored in state. Types are checked in both cases.",
    },
    (draft, value) => {
      draft.plain.objectReuse = value;
    },
  ),
  option(
    "pipeline.hook-timeout",
    readDuration,
    {
      by: "5 min",
      doc: "How long a hook of an operator, source or sink (prepareSnapshot, flush, commit, …) may take before its task fails. At least 10 ms. `open` may take at most 50 s, `close` 20 s.",
    },
    (draft, value) => {
      draft.plain.hookTimeoutMs = value;
    },
  ),
  option(
    "pipeline.frozen-intrinsics",
    readBoolean,
    {
      by: "true",
      doc: "Whether the language's built-ins (`Map.prototype.get`, `JSON.parse`, `setTimeout`, …) are frozen once the job's module is loaded, so that no function can break the engine in its thread. false: for libraries that replace built-ins later.",
    },
    (draft, value) => {
      draft.plain.frozenIntrinsics = value;
    },
  ),
];

const debloatOptions: readonly Option[] = [
  option(
    `${DEBLOAT}.enabled`,
    readBoolean,
    {
      by: "true",
      doc: "Whether the in-flight data between two tasks is limited by the time that the consumer needs to process it, in addition to its size in bytes. This keeps checkpoints short behind a slow operator.",
    },
    (draft, value) => {
      draft.bufferDebloat.enabled = value;
    },
  ),
  option(
    `${DEBLOAT}.target`,
    readDuration,
    { by: "1 s", doc: "The time that the consumer should need to process its in-flight data. At least 1 ms." },
    (draft, value) => {
      draft.bufferDebloat.targetMs = value;
    },
  ),
  option(
    `${DEBLOAT}.period`,
    readDuration,
    {
      by: "200 ms",
      doc: "How often the consumer's rate is measured; only time in which it had input counts. At least 1 ms.",
    },
    (draft, value) => {
      draft.bufferDebloat.periodMs = value;
    },
  ),
  option(
    `${DEBLOAT}.samples`,
    readWhole,
    { by: "20", doc: "Number of measurements over which the rate is smoothed. 1 to 1000." },
    (draft, value) => {
      draft.bufferDebloat.samples = value;
    },
  ),
  option(
    `${DEBLOAT}.threshold-percentages`,
    readWhole,
    { by: "25", doc: "Minimum difference, in percent, for the limit to change. 0 to 100." },
    (draft, value) => {
      draft.bufferDebloat.thresholdPercent = value;
    },
  ),
];

const checkpointOptions: readonly Option[] = [
  option(
    `${CK}.interval`,
    readDuration,
    {
      by: "none: no checkpoints",
      doc: "Time from the start of one checkpoint to the start of the next. At least 10 ms.",
    },
    (draft, value) => {
      draft.checkpoints.intervalMs = value;
    },
  ),
  option(
    `${CK}.mode`,
    readChoice<CheckpointSettings["mode"]>({ EXACTLY_ONCE: "exactly-once", AT_LEAST_ONCE: "at-least-once" }),
    {
      by: "EXACTLY_ONCE",
      doc: "Whether a record can count twice in the state after a failure (AT_LEAST_ONCE) or not.",
    },
    (draft, value) => {
      draft.checkpoints.mode = value;
    },
  ),
  option(
    `${CK}.timeout`,
    readDuration,
    { by: "10 min", doc: "A checkpoint that takes longer is aborted and counts as failed. At least 10 ms." },
    (draft, value) => {
      draft.checkpoints.timeoutMs = value;
    },
  ),
  option(
    `${CK}.min-pause`,
    readDuration,
    { by: "0 ms", doc: "Minimum time from the end of one checkpoint to the start of the next." },
    (draft, value) => {
      draft.checkpoints.minPauseMs = value;
    },
  ),
  option(
    `${CK}.max-concurrent-checkpoints`,
    readWhole,
    { by: "1", doc: "Maximum number of checkpoints in progress at the same time." },
    (draft, value) => {
      draft.checkpoints.maxConcurrent = value;
    },
  ),
  option(
    TOLERABLE,
    readWholeOr("unlimited"),
    {
      by: "unlimited (Flink: 0)",
      doc: "Consecutive checkpoint failures tolerated before the job restarts. Equivalent to `fail-on-checkpointing-errors`: 0 is true, unlimited is false.",
    },
    (draft, value) => {
      draft.checkpoints.tolerableFailures = value;
    },
  ),
  option(
    FAIL_ON_ERRORS,
    readBoolean,
    {
      by: "false",
      doc: "Whether a failed checkpoint restarts the job. true is `tolerable-failed-checkpoints` 0, false is unlimited.",
    },
    (draft, value) => {
      draft.failOnErrors = value;
    },
  ),
  option(
    `${CK}.externalized-checkpoint-retention`,
    readChoice<CheckpointSettings["retention"]>({ DELETE_ON_CANCELLATION: "delete", RETAIN_ON_CANCELLATION: "retain" }),
    {
      by: "DELETE_ON_CANCELLATION",
      doc: "What happens to the checkpoints when the job is cancelled. The checkpoints of a failed job are always kept.",
    },
    (draft, value) => {
      draft.checkpoints.retention = value;
    },
  ),
  option(
    `${CK}.num-retained`,
    readWhole,
    { by: "1", aliases: ["state.checkpoints.num-retained"], doc: "Number of completed checkpoints kept." },
    (draft, value) => {
      draft.checkpoints.numRetained = value;
    },
  ),
  option(
    `${CK}.store-call-timeout`,
    readDuration,
    {
      by: "1 min",
      doc: "Timeout of one call to a checkpoint or savepoint store, plus one second for each MiB transferred. If the store does not answer in that time, the checkpoint or savepoint fails. At least 10 ms.",
    },
    (draft, value) => {
      draft.checkpoints.storeCallTimeoutMs = value;
    },
  ),
  option(
    `${CK}.dir`,
    readText,
    {
      by: "chosen by the runner",
      aliases: ["state.checkpoints.dir"],
      doc: "Where checkpoints are stored: a path, or a URI such as `file:///data/checkpoints`.",
    },
    (draft, value) => {
      draft.checkpoints.directory = value;
    },
  ),
  option(
    `${CK}.savepoint-dir`,
    readText,
    {
      by: "none: each savepoint must name its directory; `streamjob run <job.ts>` uses one in its home folder",
      aliases: ["state.savepoints.dir"],
      doc: "Where savepoints are stored when the request names no directory.",
    },
    (draft, value) => {
      draft.plain.savepointDirectory = value;
    },
  ),
  option(
    "state.backend.type",
    readChoice<JobConfiguration["stateBackend"]>({ memory: "memory", fs: "fs", hashmap: "fs" }),
    {
      by: "fs",
      aliases: ["state.backend"],
      doc: "Where snapshots of state are stored. `fs`: in the checkpoint directory. `memory`: in the JobManager, at most 5 MB per state; lost when it exits. `hashmap` is another name for `fs`. Working state is on the heap in both cases.",
    },
    (draft, value) => {
      draft.plain.stateBackend = value;
    },
  ),
];

const restart: readonly Option[] = restartOptions.map((description) => ({
  ...description,
  apply: (draft: Draft, value: string) => draft.restart.set(description.name, value),
}));

const options: readonly Option[] = [...pipelineOptions, ...debloatOptions, ...checkpointOptions, ...restart];
const byName: ReadonlyMap<string, Option> = new Map(
  options.flatMap((entry) => [entry.name, ...entry.aliases].map((name) => [name, entry] as const)),
);

/** The table: every option that a job knows. */
export const optionDescriptions: readonly OptionDescription[] = options;

/**
 * Reads `name -> value` pairs, as from `-D name=value`, into settings; bounds are checked by validateConfiguration later.
 * Errors: OPTION_UNKNOWN with the nearest names; OPTION_INVALID with what is allowed, or with the two that contradict.
 */
export function parseOptions(values: Readonly<Record<string, string>>): ConfigurationChange {
  const draft: Draft = { plain: {}, checkpoints: {}, bufferDebloat: {}, restart: new Map() };
  const writtenAs = new Map<Option, string>();
  for (const [name, value] of Object.entries(values)) {
    const known = byName.get(name);
    if (known === undefined) throw unknownOption(name);
    const other = writtenAs.get(known);
    if (other !== undefined && values[other]?.trim() !== value.trim()) {
      throw invalid(
        `${other} and ${name} are two names for the same option with different values; set only one of them`,
      );
    }
    writtenAs.set(known, name);
    known.apply(draft, value, name);
  }
  applyFailOnErrors(draft);
  const strategy = parseRestart(draft.restart);
  return {
    ...draft.plain,
    ...(Object.keys(draft.bufferDebloat).length > 0 ? { bufferDebloat: draft.bufferDebloat } : {}),
    ...(Object.keys(draft.checkpoints).length > 0 ? { checkpoints: draft.checkpoints } : {}),
    ...(strategy === undefined ? {} : { restart: strategy }),
  };
}

/** CK-6 */
function applyFailOnErrors(draft: Draft): void {
  const { failOnErrors } = draft;
  if (failOnErrors === undefined) return;
  draft.checkpoints.tolerableFailures = resolveTolerableFailures(failOnErrors, draft.checkpoints.tolerableFailures);
}

/** CK-6: both spellings of one setting; `tolerable` undefined: not said. Throws OPTION_INVALID when they contradict. */
export function resolveTolerableFailures(failOnErrors: boolean, tolerable: number | null | undefined): number | null {
  const meant = failOnErrors ? 0 : null;
  if (tolerable === undefined || tolerable === meant) return meant;
  throw invalid(
    `${FAIL_ON_ERRORS}=${failOnErrors} means ${TOLERABLE}=${meant ?? "unlimited"}, but that is set to ${tolerable ?? "unlimited"}; ` +
      "set one of the two",
  );
}

/** All options as a Markdown page's body. */
export function describeOptions(): string {
  const cell = (text: string): string => text.replaceAll("|", "\\|");
  const lines = ["| option | value | default | meaning |", "|---|---|---|---|"];
  for (const entry of options) {
    const also = entry.aliases.map((alias) => ` (also \`${alias}\`)`).join("");
    lines.push(`| \`${entry.name}\`${also} | ${cell(entry.form)} | ${cell(entry.defaultValue)} | ${cell(entry.doc)} |`);
  }
  return lines.join("\n");
}

function unknownOption(name: string): StreamError {
  const nearest = nearestNames(name, [...byName.keys()]);
  const advice = nearest.length > 0 ? `did you mean ${nearest.join(", ")}?` : "docs/options.md lists all names";
  return new StreamError("OPTION_UNKNOWN", `there is no option "${name}"; ${advice}`, { destiny: "terminal" });
}

function invalid(message: string): StreamError {
  return new StreamError("OPTION_INVALID", message, { destiny: "terminal" });
}
