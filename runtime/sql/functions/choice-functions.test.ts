import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { evaluate } from "./evaluation.test-support.ts";

const examples: readonly (readonly [expression: string, value: unknown])[] = [
  ["COALESCE(NULL, 'default')", "default"],
  ["COALESCE(CAST(NULL AS INT), CAST(7 AS BIGINT), 8)", 7n],
  // DECIMAL(12, 2): 5.00.
  ["COALESCE(5, 1.25)", 500n],
  ["COALESCE(1.5, 2E0)", 1.5],
  ["COALESCE(CAST(NULL AS INT), CAST(NULL AS INT))", null],
  ["IFNULL(CAST(NULL AS INT), 5)", 5],
  ["IFNULL(4, 5)", 4],
  ["NULLIF(5, 5)", null],
  ["NULLIF(5, 0)", 5],
  ["NULLIF(5, 5.0)", null],
  ["NULLIF('a', 'b')", "a"],
  ["NULLIF(CAST(NULL AS INT), 5)", null],
  ["NULLIF(ARRAY[1, 2], ARRAY[1, 2])", null],
  ["IF(TRUE, 5, 3)", 5],
  ["IF(FALSE, 5, CAST(3 AS BIGINT))", 3n],
  ["IF(CAST(NULL AS BOOLEAN), 5, 3)", 3],
  ["IF(TRUE, NULL, 3)", null],
  ["GREATEST(13, 37, 5)", 37],
  ["GREATEST(1, 2.5)", 25n],
  ["GREATEST('a', 'b', 'B')", "b"],
  // A surrogate is less than U+FFFD as a unit, and greater as a character (SQUY1).
  ["GREATEST('👍', '\uFFFD')", "👍"],
  ["GREATEST(TRUE, FALSE)", true],
  ["GREATEST(1, CAST(NULL AS INT))", null],
  ["LEAST(13, 37, 5)", 5],
  ["LEAST(DATE '2026-01-31', DATE '2025-12-01')", Date.UTC(2025, 11, 1)],
  // TIMESTAMP(9): nanoseconds.
  [
    "LEAST(TIMESTAMP '2026-01-31 00:00:00.000000001', TIMESTAMP '2027-01-31 00:00:00')",
    BigInt(Date.UTC(2026, 0, 31)) * 1_000_000n + 1n,
  ],
  ["TYPEOF(1.50)", "DECIMAL(3, 2) NOT NULL"],
  ["TYPEOF(CAST(NULL AS STRING))", "STRING"],
  ["CARDINALITY(ARRAY[1, 2, 3])", 3],
  ["CARDINALITY(MAP['a', 1, 'b', 2])", 2],
  ["ELEMENT(ARRAY[7])", 7],
  ["ELEMENT(ARRAY[CAST(NULL AS INT)])", null],
  ["ARRAY_CONTAINS(ARRAY[1, 2], 2)", true],
  ["ARRAY_CONTAINS(ARRAY[1, 2], CAST(2 AS BIGINT))", true],
  ["ARRAY_CONTAINS(ARRAY[1, 2], 2.5)", false],
  ["ARRAY_CONTAINS(ARRAY[1, NULL], CAST(NULL AS INT))", true],
  ["ARRAY_CONTAINS(ARRAY[1, 2], CAST(NULL AS INT))", false],
  ["ARRAY_CONTAINS(ARRAY[NULL, 1], 0)", false],
  ["ARRAY_CONTAINS(ARRAY[ARRAY[0], ARRAY[CAST(NULL AS INT)]], ARRAY[CAST(NULL AS INT)])", true],
  ["ARRAY_CONTAINS(CAST(NULL AS ARRAY<INT>), 1)", null],
  ["ARRAY_CONTAINS(ARRAY[ARRAY[1], ARRAY[2]], ARRAY[2])", true],
  ["ARRAY_POSITION(ARRAY['a', 'b'], 'b')", 2],
  ["ARRAY_POSITION(ARRAY['a', 'b'], 'c')", 0],
  ["ARRAY_POSITION(ARRAY['a', NULL], CAST(NULL AS STRING))", null],
  ["ARRAY_DISTINCT(ARRAY[3, 1, 3, NULL, 1, NULL])", [3, 1, null]],
  ["ARRAY_DISTINCT(ARRAY[ARRAY[1], ARRAY[2], ARRAY[1]])", [[1], [2]]],
  ["ARRAY_REVERSE(ARRAY[1, NULL, 3])", [3, null, 1]],
  ["ARRAY_SORT(ARRAY[3, NULL, 1, 2])", [null, 1, 2, 3]],
  ["ARRAY_SORT(ARRAY[3, NULL, 1, 2], FALSE)", [3, 2, 1, null]],
  ["ARRAY_SORT(ARRAY[3, NULL, 1, 2], TRUE, FALSE)", [1, 2, 3, null]],
  ["ARRAY_SORT(ARRAY['b', '👍', '\uFFFD', 'a'])", ["a", "b", "\uFFFD", "👍"]],
  ["ARRAY_JOIN(ARRAY['a', NULL, 'c'], '-')", "a-c"],
  ["ARRAY_JOIN(ARRAY['a', NULL, 'c'], '-', '?')", "a-?-c"],
  ["ARRAY_MAX(ARRAY[1, NULL, 3, 2])", 3],
  ["ARRAY_MIN(ARRAY[CAST(10 AS BIGINT), CAST(9 AS BIGINT)])", 9n],
  ["ARRAY_MAX(ARRAY[CAST(NULL AS INT)])", null],
  ["ARRAY_APPEND(ARRAY[1, 2], CAST(3 AS BIGINT))", [1n, 2n, 3n]],
  ["ARRAY_APPEND(ARRAY[1, 2], NULL)", [1, 2, null]],
  ["ARRAY_APPEND(CAST(NULL AS ARRAY<INT>), 1)", null],
  [
    "ARRAY_APPEND(ARRAY[DATE '2026-01-31'], DATE '2026-02-01')",
    [new Date(Date.UTC(2026, 0, 31)), new Date(Date.UTC(2026, 1, 1))],
  ],
  ["ARRAY_CONCAT(ARRAY[1], ARRAY[2.5])", [10n, 25n]],
  ["ARRAY_REMOVE(ARRAY[1, NULL, 2], CAST(NULL AS INT))", [1, 2]],
  ["ARRAY_SLICE(ARRAY[1, 2, 3, 4], -3, -2)", [2, 3]],
  ["ARRAY_SLICE(ARRAY[1, 2, 3, 4], 0)", [1, 2, 3, 4]],
  ["ARRAY_SLICE(ARRAY[1, 2, 3, 4], 3, 2)", []],
  ["ARRAY_SLICE(ARRAY[1, 2, 3, 4], -9, -9)", []],
  ["ARRAY_UNION(ARRAY[1, NULL], ARRAY[NULL, 1, 2])", [1, null, 2]],
  ["ARRAY_INTERSECT(ARRAY[1, NULL, 1], ARRAY[NULL, 1])", [1, null]],
  ["ARRAY_EXCEPT(ARRAY[1, NULL, 3], ARRAY[CAST(3 AS BIGINT)])", [1n, null]],
  ["MAP_ENTRIES(MAP['a', 1])", [{ key: "a", value: 1 }]],
  ["MAP_UNION(MAP['a', 1], MAP['a', CAST(2 AS BIGINT)])", new Map([["a", 2n]])],
  ["MAP_KEYS(MAP['a', 1, 'b', 2])", ["a", "b"]],
  ["MAP_VALUES(MAP['a', 1, 'b', 2])", [1, 2]],
];

describe("functions that choose, and functions of collections", () => {
  for (const [expression, value] of examples) it(expression, () => assert.deepEqual(evaluate(expression), value));

  it("refuse what has no single element and what has no order, and say what to do", () => {
    const element = { code: "SQL_EXPRESSION_FAILED", message: /ELEMENT of an array of 2 elements\. .* array\[1\]/ };
    assert.throws(() => evaluate("ELEMENT(ARRAY[1, 2])"), element);
    const lengths = { code: "SQL_EXPRESSION_FAILED", message: /MAP_FROM_ARRAYS of 2 keys and 1 values\. / };
    assert.throws(() => evaluate("MAP_FROM_ARRAYS(ARRAY[1, 2], ARRAY[3])"), lengths);
    const order = { code: "JOB_GRAPH_INVALID", message: /values of type ARRAY<INT NOT NULL> NOT NULL have no order/ };
    assert.throws(() => evaluate("ARRAY_MAX(ARRAY[ARRAY[1]])"), order);
  });
});
