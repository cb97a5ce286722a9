/**
 * Owns: what one setting of a job is: its kind, its names, its bounds and default, and how these are told in words.
 * Does not own: which settings there are (table.ts), how a value is read (runtime/graph/setting-values.ts, crds/setting-fields.ts).
 *
 * SET1 A setting without a value has the value null; then its default is null.
 */
import { formatDuration } from "../base/index.ts";

/** What all kinds have. */
export type About = {
  /** The name of `-D`: Flink's, where Flink has the option. */
  readonly option: string;
  /** Older or shorter names of Flink's that mean the same. */
  readonly aliases?: readonly string[];
  /** Where the value is in a job's configuration (runtime/graph/configuration.ts); of a restart strategy, in the strategy. */
  readonly field: string;
  /** What it means, in sentences; without default and bounds. */
  readonly doc: string;
  /** The default in words, where the value alone does not say it. */
  readonly defaultDoc?: string;
  /** Why it cannot be set in code. */
  readonly notInCode?: string;
  /** Why a manifest has no field for it. */
  readonly notInManifests?: string;
  /** The field of a manifest that says the same in other words: then `config` may not have the option. */
  readonly manifestInstead?: string;
  /** What a manifest has otherwise. */
  readonly manifest?: {
    readonly default?: unknown;
    readonly defaultDoc?: string;
    readonly max?: number;
    readonly doc?: string;
  };
};

/** A time; `default`, `min` and `max` in milliseconds. */
export type DurationSetting = About & {
  readonly kind: "duration";
  readonly default: number | null;
  readonly min: number;
  readonly max: number;
  /** Code may say null: never. */
  readonly orNull?: true;
};

export type WholeSetting = About & {
  readonly kind: "whole";
  readonly default: number | null;
  readonly min: number;
  readonly max: number;
  /** The word of code and options for "without end", which is null. */
  readonly endless?: string;
};

export type DecimalSetting = About & {
  readonly kind: "decimal";
  readonly default: number;
  readonly min: number;
  readonly max: number;
};

export type FlagSetting = About & { readonly kind: "flag"; readonly default: boolean };

/** A text that is not empty. */
export type TextSetting = About & { readonly kind: "text"; readonly default: string | null };

export type ChoiceSetting = About & {
  readonly kind: "choice";
  readonly default: string | null;
  /** By the word of code and manifests: the words of the option, the first one first. */
  readonly choices: Readonly<Record<string, readonly string[]>>;
};

export type Setting = DurationSetting | WholeSetting | DecimalSetting | FlagSetting | TextSetting | ChoiceSetting;

/** Settings by name, and groups of them. */
export type SettingGroup = { readonly [name: string]: Setting | SettingGroup };

/** A year: a longer duration is a mistake of units. */
export const LONGEST_MS = 31_536_000_000;
/** Largest whole number of a 32-bit field. */
export const LARGEST_COUNT = 2 ** 31 - 1;

export function isSetting(entry: Setting | SettingGroup): entry is Setting {
  return typeof entry["option"] === "string";
}

/** A setting with its name in code and manifests, such as `checkpoints.interval`. */
export type NamedSetting = { readonly name: string; readonly setting: Setting };

/** Every setting of a group, in its order. */
export function settingsIn(group: SettingGroup, prefix = ""): readonly NamedSetting[] {
  return Object.entries(group).flatMap(([name, entry]) =>
    isSetting(entry) ? [{ name: `${prefix}${name}`, setting: entry }] : settingsIn(entry, `${prefix}${name}.`),
  );
}

/** What a value has to be, in words; `max`: where it is another than the setting's own. */
export function formOf(setting: Setting, max?: number): string {
  switch (setting.kind) {
    case "duration":
      return `a duration ${bounds(setting, max)}`;
    case "whole": {
      const form = `a whole number${setting.max === LARGEST_COUNT ? ", " : " "}${bounds(setting, max)}`;
      return setting.endless === undefined ? form : `${form}, or ${setting.endless}`;
    }
    case "decimal":
      return `a number ${bounds(setting, max)}`;
    case "flag":
      return "true or false";
    case "text":
      return "a non-empty text";
    case "choice":
      return `one of ${Object.keys(setting.choices).join(", ")}`;
  }
}

/** The bounds alone; empty where there are none. */
export function bounds(setting: DurationSetting | WholeSetting | DecimalSetting, max = setting.max): string {
  if (setting.kind === "duration") return `from ${formatDuration(setting.min)} to ${formatDuration(max)}`;
  return max === LARGEST_COUNT ? `${setting.min} or more` : `from ${setting.min} to ${max}`;
}

/** A value of the setting as the text of its option. */
export function optionText(setting: Setting, value: unknown): string {
  switch (setting.kind) {
    case "duration":
      return `${String(value)} ms`;
    case "choice":
      return setting.choices[String(value)]?.[0] ?? String(value);
    case "whole":
      return value === null ? (setting.endless ?? "") : String(value);
    default:
      return String(value);
  }
}

/** A value in words: `10s`, `exactly-once`, `unlimited`. */
export function valueInWords(setting: Setting, value: unknown): string {
  if (value === null) return setting.kind === "whole" && setting.endless !== undefined ? setting.endless : "none";
  return setting.kind === "duration" ? formatDuration(Number(value)) : String(value);
}
