/**
 * Owns: what has to be done to the rows of a query ahead of a table with a PRIMARY KEY, and the uids of what keeps rows there.
 * Does not own: the operators (runtime/table/sink-rows.ts makes them of these steps).
 * Called by: runtime/table/sink-rows.ts, and explain.ts, for comparisons of plans.
 *
 * TSKR1 Where a key of the query lies within the table's, a row of the table is one row of the query: it is written as it comes. Where several rows of the query may have
 *     one key of the table, the last of them that is there is the table's row (SQBK1).
 * TSKR2 Upserts say nothing of the row that they replace, which may have had another key of the table: they become changes first, unless both keys are the same.
 * TSKR3 Their uids say by which columns they keep which (SQPU3): rows that come later take kept ones back, which have to be the same.
 * TSKR4 Which tables are written by their key is known by their connectors' names, so that a plan is compared without making them.
 */
import { assert } from "../../../base/index.ts";
import type { CatalogTable } from "../validate/catalog.ts";
import type { PlanNode, PlanSink } from "./plan-tree.ts";

type StepKind = "normalize" | "rowsByKey";
/** `key`: places in the row, by which the step keeps rows. */
export type KeyStep = { readonly kind: StepKind; readonly uid: string; readonly key: readonly number[] };

const KEYED_CONNECTORS: ReadonlySet<string> = new Set(["mysql", "redis", "upsert-kafka"]);

/** TSKR4. Places of the key in the rows that are written; null: rows are written as they come. */
export function keyOfSink({ definition, writable }: CatalogTable): readonly number[] | null {
  const connector = definition.options.find(({ key }) => key === "connector")?.value.toLowerCase() ?? "";
  const { primaryKey } = definition;
  if (primaryKey === null || primaryKey === undefined || !KEYED_CONNECTORS.has(connector)) return null;
  return primaryKey.columns.map(({ name }) => writable.findIndex((column) => column.name === name));
}

/** In their order. `by`: places of the table's key. */
export function keyStepsOf({ input, uid, columns, ttl }: PlanSink, by: readonly number[]): readonly KeyStep[] {
  return stepsToKey(input, by).map((kind) => {
    const key = kind === "normalize" ? input.keys[0] : by;
    assert(key !== undefined, "upserts have a key");
    // SQPU4
    const name = ttl === undefined ? kind : `${kind}-expiring`;
    return { kind, uid: `${uid}:${name}-${columns}-by-${key.join("-")}`, key };
  });
}

export function stepsToKey(
  { changes, keys }: Pick<PlanNode, "changes" | "keys">,
  by: readonly number[],
): readonly StepKind[] {
  if (changes === "append") return [];
  const isWithin = (key: readonly number[]): boolean => key.every((place) => by.includes(place));
  const isSame = (key: readonly number[]): boolean => key.length === by.length && isWithin(key);
  if (changes === "upsert" && keys.some(isSame)) return [];
  const rest = keys.some(isWithin) ? [] : (["rowsByKey"] as const);
  return changes === "upsert" ? ["normalize", ...rest] : rest;
}
