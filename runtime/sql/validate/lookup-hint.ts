/**
 * Owns: the hint LOOKUP('table' = 'users', 'output-mode' = 'allow_unordered') of a SELECT: how one of its tables is asked.
 *
 * SQHL1 A table is named as its columns are, and it is one that the SELECT looks up in. What the hint says goes over what is SET.
 * SQHL2 A row without an answer is asked for again where the hint says so: a table may get its rows later than the stream does.
 * SQHL3 A table that is read whole is not asked: a hint of it would say nothing.
 */
import { parseDuration } from "../../../base/index.ts";
import type { Span } from "../syntax/span.ts";
import { fail } from "../syntax/problem.ts";
import type { Hint } from "../syntax/query-tree.ts";
import { hintedTable, type Named } from "./hinted-table.ts";
import { nameRemedy } from "./names.ts";
import type { LookupHint, TypedTable } from "./typed-tree.ts";
import { isReadWhole } from "./whole-lookups.ts";

type Options = ReadonlyMap<string, string>;

const NAMES = [
  "table",
  "async",
  "output-mode",
  "capacity",
  "timeout",
  "retry-predicate",
  "retry-strategy",
  "fixed-delay",
  "max-attempts",
];
const RETRY_NAMES = ["retry-predicate", "retry-strategy", "fixed-delay", "max-attempts"];

/** The same FROM, with what hints say of its tables. `tables`: those of FROM, in their order. Errors: SqlFailure. */
export function withLookupHints(from: TypedTable, tables: readonly Named[], hints: readonly Hint[]): TypedTable {
  return hints
    .filter(({ name }) => name.name.toUpperCase() === "LOOKUP")
    .reduce((whole, hint) => {
      const options = new Map(hint.options.map(({ key, value }) => [key.toLowerCase(), value]));
      const table = options.get("table");
      if (table === undefined)
        return fail(hint.at, "LOOKUP without a table", "Name one of FROM: LOOKUP('table' = 'users', …).");
      const place = hintedTable(hint, table, tables);
      return hinted(whole, { place, table, lookup: lookupOf(options, hint.at), at: hint.at }).table;
    }, from);
}

type Hinted = { readonly place: number; readonly table: string; readonly lookup: LookupHint; readonly at: Span };

/** `width`: how many tables of FROM there are in it. */
function hinted(table: TypedTable, hint: Hinted): { readonly table: TypedTable; readonly width: number } {
  if (table.kind !== "join") {
    if (hint.place !== 0) return { table, width: 1 };
    if (table.kind === "temporal" && table.table.kind === "scan" && isReadWhole(table.table.table))
      fail(
        hint.at,
        `LOOKUP of ${hint.table}, which is read whole when the job begins`,
        "Take the hint out: the table is not asked, so that nothing is waited for.",
      );
    if (table.kind === "temporal") return { table: { ...table, lookup: hint.lookup }, width: 1 };
    return fail(
      hint.at,
      `LOOKUP of ${hint.table}, which is not looked up in`,
      "It is for a table that is joined FOR SYSTEM_TIME AS OF a time of the clock.",
    );
  }
  const left = hinted(table.left, hint);
  const right = hinted(table.right, { ...hint, place: hint.place - left.width });
  return { table: { ...table, left: left.table, right: right.table }, width: left.width + right.width };
}

function lookupOf(options: Options, at: Span): LookupHint {
  const unknown = [...options.keys()].find((key) => !NAMES.includes(key));
  if (unknown !== undefined) fail(at, `LOOKUP has no option '${unknown}'`, nameRemedy(unknown, NAMES, "Its options"));
  const isSync = options.get("async")?.toLowerCase() === "false";
  if (isSync)
    fail(
      at,
      "LOOKUP with 'async' = 'false'",
      "Take it out: a lookup never holds the job up; 'capacity' = '1' asks for one row at a time.",
    );
  const mode = options.get("output-mode")?.toLowerCase();
  if (mode !== undefined && mode !== "ordered" && mode !== "allow_unordered")
    fail(at, `LOOKUP with 'output-mode' = '${mode}'`, "Write 'ordered' or 'allow_unordered'.");
  return {
    order: mode === undefined ? null : mode === "ordered" ? "ordered" : "unordered",
    capacity: numberOf(options, "capacity", at),
    timeoutMs: durationOf(options, "timeout", at),
    retry: retryOf(options, at),
  };
}

/** SQHL2 */
function retryOf(options: Options, at: Span): LookupHint["retry"] {
  if (!RETRY_NAMES.some((name) => options.has(name))) return null;
  const predicate = options.get("retry-predicate")?.toLowerCase();
  const strategy = options.get("retry-strategy")?.toLowerCase();
  const [delayMs, retries] = [durationOf(options, "fixed-delay", at), numberOf(options, "max-attempts", at)];
  if (predicate !== "lookup_miss" || strategy !== "fixed_delay" || delayMs === null || retries === null)
    return fail(
      at,
      "LOOKUP that does not say all of how a row without an answer is asked for again",
      "Write 'retry-predicate' = 'lookup_miss', 'retry-strategy' = 'fixed_delay', 'fixed-delay' = '10 s', 'max-attempts' = '3'.",
    );
  return { delayMs, retries };
}

function numberOf(options: Options, name: string, at: Span): number | null {
  const written = options.get(name);
  if (written === undefined) return null;
  return /^[1-9]\d{0,8}$/.test(written)
    ? Number(written)
    : fail(at, `LOOKUP with '${name}' = '${written}'`, "Write a whole number from 1.");
}

function durationOf(options: Options, name: string, at: Span): number | null {
  const written = options.get(name);
  if (written === undefined) return null;
  const parsed = parseDuration(written);
  return parsed.kind === "duration"
    ? parsed.ms
    : fail(at, `LOOKUP with '${name}' = '${written}'`, "Write a duration such as '10 s'.");
}
