/**
 * Owns: what SET says of how groups are summed up: `table.exec.mini-batch.*` and `table.optimizer.agg-phase-strategy`, Flink's names.
 *
 * SQAS1 Who turns mini-batches on says how long a change may wait, and how many rows a mini-batch has at most: as in Flink, neither has a default that would do.
 *     It is asked for where a query runs, so that a session can set one after the other, in any order.
 */
import { parseDuration } from "../../../base/index.ts";
import { fail, type SqlProblem } from "../syntax/problem.ts";
import type { Span } from "../syntax/span.ts";
import type { MiniBatch } from "./plan-tree.ts";

/** auto: two phases where the planner says so. */
export type AggregationPhases = "auto" | "one" | "two";

export type AggregationSettings = {
  /** Null: changes leave row by row. */
  readonly miniBatch: MiniBatch | null;
  readonly phases: AggregationPhases;
  /** SQAS1: what has to be said before a query runs; null: nothing. */
  readonly missing: SqlProblem | null;
};

const MINI_BATCH = "table.exec.mini-batch.";
const ENABLED_KEY = `${MINI_BATCH}enabled`;
const LATENCY_KEY = `${MINI_BATCH}allow-latency`;
const SIZE_KEY = `${MINI_BATCH}size`;
const PHASES_KEY = "table.optimizer.agg-phase-strategy";

/** All of them. */
export const aggregationKeys: readonly string[] = [ENABLED_KEY, LATENCY_KEY, SIZE_KEY, PHASES_KEY];

type Setting = { readonly value: string; readonly at: Span };
type Values = ReadonlyMap<string, Setting>;

/** Errors: SqlFailure. */
export function aggregationSettingsOf(values: Values): AggregationSettings {
  return { ...miniBatchOf(values), phases: phasesOf(values.get(PHASES_KEY)) };
}

function miniBatchOf(values: Values): Pick<AggregationSettings, "miniBatch" | "missing"> {
  const enabled = values.get(ENABLED_KEY);
  const [latencyMs, size] = [latencyOf(values.get(LATENCY_KEY)), sizeOf(values.get(SIZE_KEY))];
  if (enabled === undefined || /^false$/i.test(enabled.value)) return { miniBatch: null, missing: null };
  if (!/^true$/i.test(enabled.value))
    return fail(enabled.at, `the option '${ENABLED_KEY}' is '${enabled.value}'`, "Write 'true' or 'false'.");
  const without = (key: string, remedy: string): Pick<AggregationSettings, "miniBatch" | "missing"> => ({
    miniBatch: null,
    missing: { at: enabled.at, message: `'${key}' is missing`, remedy },
  });
  if (latencyMs === null) return without(LATENCY_KEY, "Say how long a change may wait, such as '5 s'.");
  if (size === null) return without(SIZE_KEY, "Say how many rows a mini-batch has at most, such as '5000'.");
  return { miniBatch: { size, latencyMs }, missing: null };
}

function latencyOf(setting: Setting | undefined): number | null {
  if (setting === undefined) return null;
  const parsed = parseDuration(setting.value);
  if (parsed.kind !== "duration") return fail(setting.at, parsed.problem, "A change waits at most so long.");
  if (parsed.ms > 0) return parsed.ms;
  return fail(setting.at, `the option '${LATENCY_KEY}' is '${setting.value}'`, "Write a duration above 0.");
}

function sizeOf(setting: Setting | undefined): number | null {
  if (setting === undefined) return null;
  if (/^[1-9]\d{0,8}$/.test(setting.value)) return Number(setting.value);
  return fail(setting.at, `the option '${SIZE_KEY}' is '${setting.value}'`, "Write a whole number from 1.");
}

const phases: Readonly<Record<string, AggregationPhases>> = { AUTO: "auto", ONE_PHASE: "one", TWO_PHASE: "two" };

function phasesOf(setting: Setting | undefined): AggregationPhases {
  if (setting === undefined) return "auto";
  const found = phases[setting.value.toUpperCase()];
  if (found !== undefined) return found;
  return fail(
    setting.at,
    `the option '${PHASES_KEY}' is '${setting.value}'`,
    "Write 'AUTO', 'ONE_PHASE' or 'TWO_PHASE'.",
  );
}
