/**
 * Owns: the hint STATE_TTL('orders' = '1 d', 'c' = '12 h') of a SELECT: how long the state of its tables' rows stays.
 *
 * SQHZ1 A table is named as its columns are: by its alias, or without one by its name. 0 says nothing: what is SET holds.
 * SQHZ2 A join FOR SYSTEM_TIME AS OF keeps nothing that the hint could be for, on neither side; nor does UNNEST, whose left row goes on at once.
 */
import { parseDuration } from "../../../base/index.ts";
import { fail } from "../syntax/problem.ts";
import type { Hint } from "../syntax/query-tree.ts";
import { hintedTable, type Named } from "./hinted-table.ts";
import type { TypedTable } from "./typed-tree.ts";

/** In milliseconds, of each of `tables`, those of `from`; null: nothing is said. Errors: SqlFailure. */
export function ttlsOfHints(
  hints: readonly Hint[],
  from: TypedTable | null,
  tables: readonly Named[],
): readonly (number | null)[] {
  const ttls = tables.map((): number | null => null);
  const sides = from === null ? [] : sidesOf(from);
  for (const hint of hints) {
    if (hint.name.name.toUpperCase() !== "STATE_TTL") continue;
    if (hint.options.length === 0)
      fail(
        hint.at,
        "STATE_TTL without a table",
        "Name a table of FROM, and for how long: STATE_TTL('orders' = '1 d').",
      );
    for (const { key, value } of hint.options) {
      const place = hintedTable(hint, key, tables);
      if (sides[place] === "unnested")
        fail(
          hint.at,
          `STATE_TTL names ${key}, and nothing keeps its rows: UNNEST takes each of them as it comes`,
          "Of groups of what is unnested, name the query: FROM (SELECT … CROSS JOIN UNNEST(…)) AS x, and STATE_TTL of x; or take it out.",
        );
      if (sides[place] === "temporal")
        fail(
          hint.at,
          `STATE_TTL names ${key}, which is joined FOR SYSTEM_TIME AS OF`,
          "Take it out: versions go by the watermark, and a lookup has only the rows that wait for answers.",
        );
      const parsed = parseDuration(value);
      if (parsed.kind === "invalid")
        fail(hint.at, `STATE_TTL of ${key}: ${parsed.problem}`, "State stays that long after it was last written.");
      if (parsed.kind === "duration") ttls[place] = parsed.ms === 0 ? null : parsed.ms;
    }
  }
  return ttls;
}

type Side = "kept" | "temporal" | "unnested";

/** SQHZ2. Of each table, from left to right. */
function sidesOf(from: TypedTable): readonly Side[] {
  if (from.kind !== "join") return [from.kind === "temporal" ? "temporal" : "kept"];
  const { left, right } = from;
  if (right.kind !== "temporal" && right.kind !== "unnest") return [...sidesOf(left), ...sidesOf(right)];
  const side: Side = right.kind === "unnest" ? "unnested" : "temporal";
  return [...(left.kind === "join" ? sidesOf(left) : [side]), side];
}
