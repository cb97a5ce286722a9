import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { outputRow, parse, session } from "../codegen/evaluation.test-support.ts";
import type { ExpandNode, PlanRow, UnnestNode, ValuesNode } from "../plan/plan-tree.ts";
import { ColumnOperatorDriver } from "./column-operator.test-support.ts";
import { expandOperator } from "./expand.ts";
import { unnestOperator } from "./unnest.ts";
import { valuesRows } from "./values.ts";

describe("grouping sets", () => {
  it("have each row once each, NULL in the keys that they lack, and their number", () => {
    const { row } = parse("a", "a STRING, b INT, c BIGINT NOT NULL");
    const output: PlanRow = [...row, { name: "set", type: { kind: "bigint", isNullable: false }, time: null }];
    const node = { kind: "expand", row: output, columns: [0, 1], sets: [[0, 1], [0], []] } as unknown as ExpandNode;
    const driver = new ColumnOperatorDriver(expandOperator(node), row);
    driver.send([
      { kind: "insert", row: { a: "x", b: 1, c: 7n } },
      { kind: "delete", row: { a: "y", b: null, c: 8n }, timestamp: 3 },
    ]);
    assert.deepEqual(driver.changes.slice(1), [
      { kind: "delete", row: { a: "y", b: null, c: 8n, set: 0n }, timestamp: 3 },
      { kind: "insert", row: { a: "x", b: null, c: 7n, set: 1n } },
      { kind: "delete", row: { a: "y", b: null, c: 8n, set: 1n }, timestamp: 3 },
      { kind: "insert", row: { a: null, b: null, c: 7n, set: 2n } },
      { kind: "delete", row: { a: null, b: null, c: 8n, set: 2n }, timestamp: 3 },
    ]);
  });
});

describe("elements of collections", () => {
  const columns =
    "id INT NOT NULL, a ARRAY<INT>, m MAP<STRING, INT>, r ARRAY<ROW<x INT, y STRING>>, s MULTISET<STRING>";
  const full = {
    id: 1,
    a: [1, null],
    m: new Map([["k", 2]]),
    r: [{ x: 1, y: "z" }, null],
    s: new Map([["w", 2]]),
  };
  const none = { id: 2, a: null, m: null, r: null, s: null };

  function unnested(items: string, added: PlanRow, options: { join: "INNER" | "LEFT"; withOrdinality?: boolean }) {
    const { row, values } = parse(items, columns);
    const node = { withOrdinality: false, ...options, kind: "unnest", row: [...row, ...added], items: values };
    const driver = new ColumnOperatorDriver(unnestOperator(node as unknown as UnnestNode, row, session()), row);
    driver.send([
      { kind: "delete", row: full, timestamp: 4 },
      { kind: "insert", row: none },
    ]);
    return driver.changes.map(({ kind, row: { id, ...made }, timestamp }) => [
      kind,
      id,
      ...added.map(({ name }) => made[name]),
      timestamp,
    ]);
  }
  it("are given row by row, where the task is to pause (SQBR1)", () => {
    const { row, values } = parse("a", columns);
    const node = {
      withOrdinality: false,
      join: "INNER",
      kind: "unnest",
      row: [...row, column("e", "int")],
      items: values,
    };
    const emission = { isPaused: false, isFull: () => true, defer: () => {} };
    const factory = unnestOperator(node as unknown as UnnestNode, row, session());
    const driver = new ColumnOperatorDriver(factory, row, { emission });
    const changes = [full, { ...full, id: 2 }, { ...full, id: 3 }].map((each) => ({
      kind: "insert" as const,
      row: each,
    }));
    for (const [from, ids] of [
      [0, [1, 1]],
      [1, [2, 2]],
      [2, [3, 3]],
    ] as const) {
      driver.send(changes, from);
      assert.deepEqual(
        driver.changes.splice(0).map((change) => change.row["id"]),
        ids,
      );
    }
  });

  const column = (name: string, kind: "int" | "varchar"): PlanRow[number] => ({
    name,
    type: kind === "int" ? { kind, isNullable: true } : { kind, isNullable: true, length: 2_147_483_647 },
    time: null,
  });

  it("are rows of their own, with their ordinality", () => {
    assert.deepEqual(unnested("a", [column("e", "int"), column("n", "int")], { join: "INNER", withOrdinality: true }), [
      ["delete", 1, 1, 1, 4],
      ["delete", 1, null, 2, 4],
    ]);
  });

  it("have the fields of rows and the entries of maps as columns; LEFT keeps rows without", () => {
    assert.deepEqual(unnested("r", [column("x", "int"), column("y", "varchar")], { join: "LEFT" }), [
      ["delete", 1, 1, "z", 4],
      ["delete", 1, null, null, 4],
      ["insert", 2, null, null, undefined],
    ]);
    assert.deepEqual(unnested("m", [column("k", "varchar"), column("v", "int")], { join: "INNER" }), [
      ["delete", 1, "k", 2, 4],
    ]);
  });

  it("of a multiset are there as often as they are in it, and of several collections side by side", () => {
    assert.deepEqual(unnested("s", [column("e", "varchar")], { join: "INNER" }), [
      ["delete", 1, "w", 4],
      ["delete", 1, "w", 4],
    ]);
    assert.deepEqual(
      unnested("a, m", [column("e", "int"), column("k", "varchar"), column("v", "int")], { join: "INNER" }),
      [
        ["delete", 1, 1, "k", 2, 4],
        ["delete", 1, null, null, null, 4],
      ],
    );
  });
});

describe("VALUES", () => {
  it("are rows of the types that their columns have in common", () => {
    const { values } = parse("1, 'a', CAST(2 AS BIGINT), 'abc'");
    const rows = [values.slice(0, 2), values.slice(2)];
    const row = outputRow([values[2], values[3]] as typeof values);
    assert.deepEqual(valuesRows({ kind: "values", row, rows } as unknown as ValuesNode, session()), [
      { c0: 1n, c1: "a  " },
      { c0: 2n, c1: "abc" },
    ]);
  });
});
