/**
 * Owns: the operators that keep rows of a query on their way to a table with a PRIMARY KEY.
 * Does not own: which of them are needed, and their uids (runtime/sql/plan/sink-steps.ts).
 */
import { addOperator } from "../api/engine.ts";
import type { DataStream } from "../api/index.ts";
import type { StreamOrigin } from "../graph/index.ts";
import type { OperatorFactory } from "../ports/index.ts";
import {
  expiring,
  type Kept,
  keyStepsOf,
  normalizeOperator,
  type PlanNode,
  type PlanSink,
  rowsByKeyOperator,
  rowTypeOf,
} from "../sql/index.ts";
import { keyedOrigins } from "./keyed-origins.ts";

type Stream = DataStream<unknown>;

/** Spread by the table's key. `by`: its places. */
export function rowsByTableKey(sink: PlanSink, stream: Stream, by: readonly number[]): readonly StreamOrigin[] {
  const kept = sink.ttl === undefined ? {} : { ttl: sink.ttl };
  let node = sink.input;
  let rows = stream;
  for (const { kind, uid, key } of keyStepsOf(sink, by)) {
    const logic = kind === "normalize" ? normalized(node, key, kept) : rowsByKeyOperator(node, by, kept);
    rows = addOperator(
      { maker: rows.parts.maker, inputs: [keyedOrigins(rows, node.row, key)], isKeyed: true },
      kind,
      logic,
      { uid, type: rowTypeOf(node.row) },
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
