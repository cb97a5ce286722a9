/** Columns that get another type while a job has state: it is refused where it does not fit, also where the new type's operator keeps it in another way. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { compareDeclarations } from "../graph/index.ts";
import type { OperatorFactory } from "../ports/index.ts";
import {
  aggregateOperator,
  deduplicateOperator,
  inputsOf,
  type PlanNode,
  planScript,
  windowAggregateOperator,
} from "../sql/index.ts";

const session = { timeZone: "UTC" } as never;

function operatorOf(node: PlanNode): OperatorFactory<unknown, unknown> | null {
  switch (node.kind) {
    case "aggregate":
      return aggregateOperator(node, "streaming");
    case "windowAggregate":
      return windowAggregateOperator(node, session, "streaming");
    case "deduplicate":
      return deduplicateOperator(node, "streaming");
    default:
      return null;
  }
}

/** Its operator with state, where the column `worth` is of that type, and the table's rows come in that format. */
function planned(query: string, [type, format = "json"]: readonly [type: string, format?: string]) {
  const plan = planScript(
    `CREATE TABLE orders (user_id INT, worth ${type}, ts TIMESTAMP(3), WATERMARK FOR ts AS ts) WITH ('connector' = 'kafka', 'format' = '${format}'); ${query}`,
  );
  assert.ok(plan.kind === "plan", plan.kind === "problems" ? plan.problems[0]?.message : "");
  for (let node = plan.queries[0]?.input; node !== undefined; node = inputsOf(node)[0]) {
    const operator = operatorOf(node);
    if (operator !== null) return { uid: node.uid, declares: operator.declares ?? [] };
  }
  return assert.fail("it has state");
}

const windows = (window: string): string =>
  `SELECT user_id, MAX(worth) FROM TABLE(${window}) GROUP BY user_id, window_start, window_end`;

for (const [what, query, before, after] of [
  ["a sum", "SELECT user_id, SUM(worth) FROM orders GROUP BY user_id", ["DOUBLE"], ["DECIMAL(10, 2)"]],
  [
    "a sum of rows that change from now on",
    "SELECT user_id, SUM(worth) FROM orders GROUP BY user_id",
    ["INT"],
    ["INT", "debezium-json"],
  ],
  [
    "different values",
    "SELECT user_id, COUNT(DISTINCT worth) FROM orders GROUP BY user_id",
    ["INT"],
    ["DECIMAL(10, 2)"],
  ],
  ["windows", windows("TUMBLE(TABLE orders, DESCRIPTOR(ts), INTERVAL '1' HOUR)"), ["DOUBLE"], ["DECIMAL(10, 2)"]],
  [
    "sessions",
    windows("SESSION(TABLE orders PARTITION BY user_id, DESCRIPTOR(ts), INTERVAL '1' HOUR)"),
    ["DOUBLE"],
    ["DECIMAL(10, 2)"],
  ],
  [
    "the last row of a key",
    "SELECT * FROM orders QUALIFY ROW_NUMBER() OVER (PARTITION BY user_id ORDER BY ts DESC) = 1",
    ["INT"],
    ["ARRAY<INT>"],
  ],
] as const)
  for (const [old, now] of [
    [before, after],
    [after, before],
  ] as const)
    test(`state of ${what} is refused: ${old.join(" in ")} → ${now.join(" in ")}`, () => {
      const [first, second] = [planned(query, old), planned(query, now)];
      assert.equal(first.uid, second.uid);
      assert.equal(compareDeclarations(first.uid, first.declares, second.declares).kind, "refused");
      assert.equal(compareDeclarations(first.uid, first.declares, first.declares).kind, "fits");
    });

for (const [what, query, before, after] of [
  ["the greatest text", "SELECT user_id, MAX(worth) FROM orders GROUP BY user_id", "VARCHAR(10)", "STRING"],
  ["a group of a text", "SELECT worth, COUNT(*) FROM orders GROUP BY worth", "VARCHAR(10)", "VARCHAR(20)"],
  ["a sum", "SELECT user_id, SUM(worth) FROM orders GROUP BY user_id", "DECIMAL(10, 2)", "DECIMAL(12, 2)"],
] as const)
  test(`state of ${what} is kept: ${before} → ${after}`, () => {
    const [first, second] = [planned(query, [before]), planned(query, [after])];
    assert.equal(first.uid, second.uid);
    assert.equal(compareDeclarations(first.uid, first.declares, second.declares).kind, "fits");
  });
