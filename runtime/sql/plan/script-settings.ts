/**
 * Owns: what SET and RESET say, for the planner and for the job.
 *
 * SQPC1 A script is one job: what it sets holds for all of it, wherever SET stands. A value that is set twice is the last one.
 */
import { parseDuration } from "../../../base/index.ts";
import { fail } from "../syntax/problem.ts";
import type { Span } from "../syntax/span.ts";
import type { Statement } from "../syntax/statement-tree.ts";
import { type AggregationSettings, aggregationSettingsOf } from "./aggregation-settings.ts";
import type { PlanMode } from "./plan-tree.ts";

export type ScriptSettings = {
  /** Keys and values as they were set; also those that are the job's business. */
  readonly values: ReadonlyMap<string, { readonly value: string; readonly at: Span }>;
  readonly mode: PlanMode;
  /** Of the IANA time zone database. */
  readonly timeZone: string;
  /** In milliseconds; null: state stays as long as the job. */
  readonly stateTtl: number | null;
  readonly aggregation: AggregationSettings;
};

const MODE_KEY = "execution.runtime-mode";
const ZONE_KEY = "table.local-time-zone";
const TTL_KEY = "table.exec.state.ttl";

/** Errors: SqlFailure. */
export function settingsOf(statements: readonly Statement[]): ScriptSettings {
  const values = new Map<string, { readonly value: string; readonly at: Span }>();
  for (const statement of statements) {
    if (statement.kind === "set" && statement.key !== null)
      values.set(statement.key, { value: statement.value ?? "", at: statement.at });
    if (statement.kind !== "reset") continue;
    if (statement.key === null) values.clear();
    else values.delete(statement.key);
  }
  const [mode, zone, ttl] = [MODE_KEY, ZONE_KEY, TTL_KEY].map((key) => values.get(key));
  return {
    values,
    mode: modeOf(mode),
    timeZone: zoneOf(zone),
    stateTtl: ttlOf(ttl),
    aggregation: aggregationSettingsOf(values),
  };
}

type Setting = { readonly value: string; readonly at: Span } | undefined;

function modeOf(setting: Setting): PlanMode {
  const mode = setting?.value.toLowerCase() ?? "streaming";
  if (mode === "streaming" || mode === "batch") return mode;
  return fail(
    setting?.at ?? { start: 0, end: 0 },
    `there is no runtime mode '${setting?.value}'`,
    "Write 'streaming' or 'batch'.",
  );
}

/** UTC where nothing is said: a job's results do not depend on the machine that it runs on. */
function zoneOf(setting: Setting): string {
  const zone = setting?.value ?? "default";
  if (zone.toLowerCase() === "default") return "UTC";
  try {
    return new Intl.DateTimeFormat("en", { timeZone: zone }).resolvedOptions().timeZone;
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
    return fail(
      setting?.at ?? { start: 0, end: 0 },
      `there is no time zone '${zone}'`,
      "Write one such as 'Europe/Berlin', 'UTC' or '+02:00'.",
    );
  }
}

function ttlOf(setting: Setting): number | null {
  if (setting === undefined) return null;
  const parsed = parseDuration(setting.value);
  if (parsed.kind === "duration") return parsed.ms === 0 ? null : parsed.ms;
  return fail(setting.at, parsed.problem, "State stays that long after it was last written; '0 s' is forever.");
}
