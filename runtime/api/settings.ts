/**
 * Owns: the settings of a job as code writes them, and how they are read.
 * Not here: which settings there are, with bounds and defaults (settings/table.ts; a test holds the types here against it).
 *
 * SE1 Nothing is ignored: unknown names and values of the wrong kind are errors, as job modules run without a type check.
 */
import type { Duration } from "../../base/index.ts";
import {
  isSetting,
  restartStrategy,
  type Setting,
  type SettingGroup,
  settings as table,
  type StrategyName,
  strategyParameters,
} from "../../settings/index.ts";
import {
  changeOf,
  type ConfigurationChange,
  type GivenSetting,
  readWritten,
  type RestartChange,
} from "../graph/index.ts";
import { rejectUnknownNames } from "./unknown-names.ts";

export type CheckpointsSettings = {
  /** null: no checkpoints, which is the default. At least 10 ms. */
  readonly interval?: Duration | null;
  /** Default "exactly-once". */
  readonly mode?: "exactly-once" | "at-least-once";
  /** A checkpoint that takes longer is aborted. Default 10 min. */
  readonly timeout?: Duration;
  /** From the end of one to the start of the next. Default 0. */
  readonly minPause?: Duration;
  /** In progress at the same time. Default 1. */
  readonly maxConcurrent?: number;
  /** Consecutive failures tolerated before the job restarts. Default "unlimited". */
  readonly tolerableFailures?: number | "unlimited";
  /** The other spelling: true is `tolerableFailures: 0`, false is "unlimited" (CK-6). */
  readonly failOnCheckpointingErrors?: boolean;
  /** What happens to them when the job is cancelled. Default "delete". */
  readonly retention?: "delete" | "retain";
  /** `count`: how many completed ones are kept; 1 if absent. */
  readonly retain?: { readonly count?: number };
  /** What one call to a store may take, and a second more for each MiB. Default 1 min. */
  readonly storeCallTimeout?: Duration;
  /** Where they are stored: a path or a store URI. Default: chosen by the runner. */
  readonly storage?: { readonly path?: string };
};

/** Default: none without checkpoints, exponential-delay with checkpoints. */
export type RestartSettings =
  | { readonly strategy: "none" }
  | { readonly strategy: "fixed-delay"; readonly attempts?: number; readonly delay?: Duration }
  | {
      readonly strategy: "failure-rate";
      readonly maxFailures?: number;
      readonly interval?: Duration;
      readonly delay?: Duration;
    }
  | {
      readonly strategy: "exponential-delay";
      readonly initialBackoff?: Duration;
      readonly maxBackoff?: Duration;
      readonly multiplier?: number;
      readonly resetAfter?: Duration;
      readonly jitter?: number;
      readonly attempts?: number | "infinite";
    };

/** Names are those of a StreamJob's spec; docs/options.md has them all. */
export type JobSettings = {
  readonly name?: string;
  readonly parallelism?: number;
  readonly maxParallelism?: number;
  /** Default 100 ms. */
  readonly bufferTimeout?: Duration;
  /** Default 200 ms. */
  readonly watermarkInterval?: Duration;
  /** True: emitted records are not frozen, which costs less; functions then must not change objects that they emitted or got. */
  readonly objectReuse?: boolean;
  /** How long a hook of an operator, source or sink may take to settle. Default 5 min. */
  readonly hookTimeout?: Duration;
  /** Whether what the language provides is fixed once the job is loaded. Default true. */
  readonly frozenIntrinsics?: boolean;
  readonly checkpoints?: CheckpointsSettings;
  /** `path`: where savepoints are stored when the request names no directory. */
  readonly savepoints?: { readonly path?: string };
  readonly stateBackend?: "memory" | "fs";
  readonly restart?: RestartSettings;
};

/** The settings as a layer of configuration. Errors: OPTION_UNKNOWN, OPTION_INVALID. */
export function readSettings(settings: JobSettings): ConfigurationChange {
  const given = new Map<Setting, GivenSetting>();
  readGroup(settings, { where: "configure", group: { ...table, restart: restartStrategy }, given });
  const { restart } = settings;
  return changeOf(given, restart === undefined ? undefined : readRestart(restart, "configure.restart"));
}

type Reading = {
  readonly where: string;
  readonly group: SettingGroup;
  /** What was read so far. */
  readonly given: Map<Setting, GivenSetting>;
};

/** An undefined value is as good as none. */
function readGroup(value: object, { where, group, given }: Reading): void {
  const known = Object.entries(group).filter(([, entry]) => isInCode(entry));
  rejectUnknownNames(
    where,
    value,
    known.map(([name]) => name),
  );
  for (const [name, entry] of known) {
    const written = (value as Readonly<Record<string, unknown>>)[name];
    if (written === undefined || entry === restartStrategy) continue;
    const path = `${where}.${name}`;
    if (isSetting(entry)) given.set(entry, { value: readWritten(entry, written, path), where: path });
    else readGroup(written as object, { where: path, group: entry, given });
  }
}

function isInCode(entry: Setting | SettingGroup): boolean {
  return isSetting(entry) ? entry.notInCode === undefined : Object.values(entry).some(isInCode);
}

function readRestart(value: RestartSettings, where: string): RestartChange {
  const named = (value as { readonly strategy?: unknown } | null)?.strategy;
  const kind = readWritten(restartStrategy, named, `${where}.strategy`) as StrategyName;
  const parameters = strategyParameters(kind);
  rejectUnknownNames(where, value, ["strategy", ...Object.keys(parameters)]);
  const fields = Object.entries(parameters).flatMap(([name, setting]) => {
    const written = (value as Readonly<Record<string, unknown>>)[name];
    return written === undefined ? [] : [[setting.field, readWritten(setting, written, `${where}.${name}`)]];
  });
  return { kind, ...Object.fromEntries(fields) } as RestartChange;
}
