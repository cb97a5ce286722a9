/**
 * Owns: the rows of a query on their way to a table with a PRIMARY KEY.
 *
 * TSKR1 Where a key of the query lies within the table's, a row of the table is one row of the query: it is written as it comes. Where several rows of the query may have
 *     one key of the table, the last of them that is there is the table's row (SQBK1).
 * TSKR2 Upserts say nothing of the row that they replace, which may have had another key of the table: they become changes first, unless both keys are the same.
 * TSKR3 Their uids say by which columns they keep which (SQPU3): rows that come later take kept ones back, which have to be the same.
 */
import { assert } from "../../base/index.ts";
import { addOperator } from "../api/engine.ts";
import type { DataStream } from "../api/index.ts";
import type { StreamOrigin } from "../graph/index.ts";
import type { OperatorFactory } from "../ports/index.ts";
import {
  expiring,
  type Kept,
  normalizeOperator,
  type PlanNode,
  type PlanSink,
  rowsByKeyOperator,
  rowTypeOf,
} from "../sql/index.ts";
import { keyedOrigins } from "./keyed-origins.ts";

type Stream = DataStream<unknown>;

/** What has to be done to the rows ahead of the sink, in this order. `by`: places of the table's key. */
export function stepsToKey(
  { changes, keys }: Pick<PlanNode, "changes" | "keys">,
  by: readonly number[],
): readonly ("normalize" | "rowsByKey")[] {
  if (changes === "append") return [];
  const isWithin = (key: readonly number[]): boolean => key.every((place) => by.includes(place));
  const isSame = (key: readonly number[]): boolean => key.length === by.length && isWithin(key);
  if (changes === "upsert" && keys.some(isSame)) return [];
  const rest = keys.some(isWithin) ? [] : (["rowsByKey"] as const);
  return changes === "upsert" ? ["normalize", ...rest] : rest;
}

/** Spread by the table's key. */
export function rowsByTableKey(
  { input, uid, columns, ttl }: PlanSink,
  stream: Stream,
  by: readonly number[],
): readonly StreamOrigin[] {
  const kept = ttl === undefined ? {} : { ttl };
  let node = input;
  let rows = stream;
  for (const step of stepsToKey(input, by)) {
    const key = step === "normalize" ? node.keys[0] : by;
    assert(key !== undefined, "upserts have a key");
    const logic = step === "normalize" ? normalized(node, key, kept) : rowsByKeyOperator(node, by, kept);
    // SQPU4
    const name = ttl === undefined ? step : `${step}-expiring`;
    const options = { uid: `${uid}:${name}-${columns}-by-${key.join("-")}`, type: rowTypeOf(node.row) };
    rows = addOperator(
      { maker: rows.parts.maker, inputs: [keyedOrigins(rows, node.row, key)], isKeyed: true },
      step,
      logic,
      options,
    );
    node = { ...node, changes: "retract" };
  }
  return keyedOrigins(rows, node.row, by);
}

function normalized(input: PlanNode, by: readonly number[], kept: Kept): OperatorFactory<unknown, unknown> {
  const { uid, row, keys } = input;
  const node = { kind: "normalize", uid, row, keys, changes: "retract", input, by, ...kept } as const;
  return expiring(node, normalizeOperator(node));
}
