/**
 * Owns: how tables outside are asked, as SET says it: `table.exec.async-lookup.*`, Flink's names.
 */
import { parseDuration } from "../../base/index.ts";
import type { SqlProblem } from "../sql/index.ts";

export type LookupSettings = {
  readonly order: "ordered" | "unordered";
  /** Rows that are asked for at a time, in each subtask. */
  readonly capacity: number;
  /** For all attempts for one row; 0: none. */
  readonly timeoutMs: number;
};

const PREFIX = "table.exec.async-lookup.";
const CAPACITY = "100";
const TIMEOUT = "3 min";

type Value = { readonly value: string };

export const isLookupSetting = (key: string): boolean => key.startsWith(PREFIX);

/** Of what is set, at its place. */
export const lookupSettingProblems = (
  settings: ReadonlyMap<string, Value & Pick<SqlProblem, "at">>,
): readonly SqlProblem[] =>
  [...settings].flatMap(([key, { value, at }]) => {
    const problem = isLookupSetting(key) ? problemOf(key, value) : null;
    return problem === null ? [] : [{ ...problem, at }];
  });

/** Null: it is right. */
function problemOf(key: string, value: string): Omit<SqlProblem, "at"> | null {
  const wrong = (remedy: string) => ({ message: `the option '${key}' is '${value}'`, remedy });
  switch (key.slice(PREFIX.length)) {
    case "output-mode":
      return orderOf(value) === null ? wrong("Write 'ORDERED' or 'ALLOW_UNORDERED'.") : null;
    case "buffer-capacity":
      return /^[1-9]\d{0,8}$/.test(value) ? null : wrong("Write a whole number from 1.");
    case "timeout":
      return parseDuration(value).kind === "duration" ? null : wrong("Write a duration such as '10 s' or '3 min'.");
    case "key-ordered-enabled":
      return /^false$/i.test(value)
        ? null
        : {
            message: `the option '${key}' is not supported`,
            remedy: `Take it out: with '${PREFIX}output-mode' = 'ORDERED' all rows leave in their order.`,
          };
    default:
      return {
        message: `there is no option '${key}'`,
        remedy: `There are '${PREFIX}output-mode', '${PREFIX}buffer-capacity' and '${PREFIX}timeout'.`,
      };
  }
}

/** Values are right. */
export function lookupSettingsOf(settings: ReadonlyMap<string, Value>): LookupSettings {
  const valueOf = (name: string, otherwise: string): string => settings.get(PREFIX + name)?.value ?? otherwise;
  const timeout = parseDuration(valueOf("timeout", TIMEOUT));
  return {
    order: orderOf(valueOf("output-mode", "ORDERED")) ?? "ordered",
    capacity: Number(valueOf("buffer-capacity", CAPACITY)),
    timeoutMs: timeout.kind === "duration" ? timeout.ms : 0,
  };
}

function orderOf(mode: string): LookupSettings["order"] | null {
  const written = mode.toUpperCase();
  if (written === "ORDERED") return "ordered";
  return written === "ALLOW_UNORDERED" ? "unordered" : null;
}
