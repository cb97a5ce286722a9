/**
 * Owns: the fields of a spec that are settings of the job, made from their table: form, bounds, default and what they mean.
 * Does not own: the settings (settings/table.ts), fields that say something to the operator. Called by: the schemas of the spec.
 *
 * SFI1 A field has the kind, the bounds and the words of its setting; what is different in a manifest is in the table too.
 */
import { z } from "zod";
import { formatDuration } from "../base/index.ts";
import {
  bounds,
  type ChoiceSetting,
  type DecimalSetting,
  type DurationSetting,
  restartStrategies,
  type Setting,
  type StrategyName,
  strategyNames,
  strategyParameters,
  type TextSetting,
  valueInWords,
  type WholeSetting,
} from "../settings/index.ts";
import { duration, location, whole } from "./fields.ts";

/** What holds in a manifest that does not say it. */
export type ManifestDefault<S extends Setting> = S extends { readonly manifest: { readonly default: infer D } }
  ? D
  : S["default"];

export function manifestDefault<const S extends Setting>(setting: S): ManifestDefault<S> {
  return (setting.manifest?.default === undefined ? setting.default : setting.manifest.default) as ManifestDefault<S>;
}

export function durationField(setting: DurationSetting) {
  return duration({ minMs: setting.min, maxMs: setting.max }).optional().describe(descriptionOf(setting));
}

export function wholeField(setting: WholeSetting, more = "") {
  return whole(setting.min, maxOf(setting))
    .optional()
    .describe(`${descriptionOf(setting)}${more}`);
}

/** A place for savepoints or checkpoints. */
export function locationField(setting: TextSetting) {
  return location().optional().describe(descriptionOf(setting));
}

/** `refused`: choices that this version knows and refuses. */
export function choiceField<const S extends ChoiceSetting, const R extends string = never>(
  setting: S,
  refused: readonly R[] = [],
) {
  const names = [...Object.keys(setting.choices), ...refused] as (R | (keyof S["choices"] & string))[];
  const more = refused.map((name) => ` ${name} is not supported in this version; refused.`).join("");
  return z
    .enum(names)
    .optional()
    .describe(`${descriptionOf(setting)}${more}`);
}

type ParametersOf<K> = K extends keyof typeof restartStrategies ? keyof (typeof restartStrategies)[K] : never;
/** The name of a parameter of some restart strategy. */
export type RestartParameter = ParametersOf<keyof typeof restartStrategies>;

/** By parameter: the strategies that take it. */
export const strategiesOf = Object.fromEntries(
  [...new Set(strategyNames.flatMap((name) => Object.keys(strategyParameters(name))))].map((parameter) => [
    parameter,
    strategyNames.filter((name) => Object.hasOwn(strategyParameters(name), parameter)),
  ]),
) as unknown as Readonly<Record<RestartParameter, readonly StrategyName[]>>;

/** A time that is a parameter of one strategy, or of several with the same bounds. */
export function restartDuration(parameter: RestartParameter) {
  const [{ min, max }] = settingsOf<DurationSetting>(parameter);
  return duration({ minMs: min, maxMs: max }).optional().describe(parameterText(parameter));
}

/** A count; the widest bounds of the strategies that take it, a rule has the others. */
export function restartWhole(parameter: RestartParameter) {
  const all = settingsOf<WholeSetting>(parameter);
  const [min, max] = [Math.min(...all.map((each) => each.min)), Math.max(...all.map((each) => each.max))];
  return whole(min, max).optional().describe(parameterText(parameter));
}

export function restartDecimal(parameter: RestartParameter) {
  const [{ min, max }] = settingsOf<DecimalSetting>(parameter);
  return z.number().min(min).max(max).optional().describe(parameterText(parameter));
}

function settingsOf<S extends Setting>(parameter: RestartParameter): readonly [S, ...S[]] {
  return strategiesOf[parameter].map((name) => strategyParameters(name)[parameter]) as unknown as [S, ...S[]];
}

/** `fixed-delay, failure-rate: …`; strategies in which it means the same are named together. */
function parameterText(parameter: RestartParameter): string {
  const strategies = new Map<string, string[]>();
  for (const name of strategiesOf[parameter]) {
    const setting = strategyParameters(name)[parameter];
    if (setting !== undefined)
      strategies.set(descriptionOf(setting), [...(strategies.get(descriptionOf(setting)) ?? []), name]);
  }
  return [...strategies].map(([words, names]) => `${names.join(", ")}: ${lowered(words)}`).join(" ");
}

function maxOf({ max, manifest }: WholeSetting): number {
  return manifest?.max ?? max;
}

/** What it means, then default and bounds (SJS1). */
function descriptionOf(setting: Setting): string {
  const fallback = manifestDefault(setting);
  const words = setting.manifest?.defaultDoc ?? (fallback === null ? setting.defaultDoc : undefined);
  const within = boundsText(setting);
  const [meaning, separate] = [setting.manifest?.doc ?? setting.doc, within === "" ? "" : `${within}. `];
  if (words !== undefined) return `${meaning} ${capitalized(separate)}Default: ${words}.`;
  return `${meaning} Default ${valueInWords(setting, fallback)}${within === "" ? "" : `; ${within}`}.`;
}

function boundsText(setting: Setting): string {
  switch (setting.kind) {
    case "duration": {
      const most = formatDuration(setting.max);
      return setting.min === 0 ? `up to ${most}` : `${formatDuration(setting.min)} to ${most}`;
    }
    case "whole":
      return bounds(setting, maxOf(setting)).replace("from ", "");
    case "decimal":
      return `${setting.min} to ${setting.max}`;
    default:
      return "";
  }
}

const capitalized = (text: string): string => text.charAt(0).toUpperCase() + text.slice(1);
const lowered = (text: string): string => text.charAt(0).toLowerCase() + text.slice(1);
