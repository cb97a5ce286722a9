import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { constantParts } from "./constant-parts.ts";
import { evaluateAll, parse } from "./evaluation.test-support.ts";

const columns = "a INT, c STRING, ts TIMESTAMP_LTZ(3), WATERMARK FOR ts AS ts";

describe("a part that is the same for all rows", () => {
  it("looks at no column, chance, clock or watermark", () => {
    const changing =
      "RAND(), UUID(), NOW(), CURRENT_DATE, UNIX_TIMESTAMP(), PROCTIME(), CURRENT_WATERMARK(ts), a, c || 'x'";
    assert.equal(constantParts(parse(changing, columns).values).size, 0);
    const { values } = parse("UPPER('x') || c, CAST('2026-01-02' AS DATE), 1 + 2 * 3, ABS(RAND() + (1 - 2))", columns);
    const names = [...constantParts(values)].map((part) => (part.kind === "call" ? part.name : part.kind));
    assert.deepEqual(names, ["UPPER", "cast", "*", "+", "-"]);
  });

  it("fails when a row asks for it, and not before", () => {
    const expression = "CASE WHEN a > 1 THEN 1 / 0 WHEN a > 0 THEN CAST('x' AS INT) ELSE 2 END";
    const of = (a: number): unknown => evaluateAll(expression, { columns, rows: [{ a, c: null, ts: 0 }] })[0];
    assert.equal(of(0), 2);
    assert.throws(() => of(1), /'x' cannot be cast to INT/);
    assert.throws(() => of(2), /a division by zero/);
  });

  it("has the value that it has beside columns", () => {
    const rows = [{ a: 4, c: "X", ts: 0 }];
    const expected: readonly (readonly [string, unknown])[] = [
      ["a + (2 - 7)", -1],
      ["a * CAST('-3' AS INT)", -12],
      ["a + NULLIF(1, 1)", null],
      ["c = UPPER('x')", true],
      ["c IN (UPPER('x'), 'y')", true],
      ["CAST(a AS DECIMAL(5, 2)) * (0.5 - 1)", -2000n],
      ["ts + (INTERVAL '1' SECOND + INTERVAL '2' SECOND)", 3000],
      ["COALESCE(NULLIF('x', 'x'), c)", "X"],
      ["a / (1 + 1)", 2],
      ["ARRAY[1, 2][2] + a", 6],
      ["DATE '2026-01-01' + a * INTERVAL '1' DAY", new Date("2026-01-05")],
    ];
    const found = expected.map(([expression]) => [expression, evaluateAll(expression, { columns, rows })[0]]);
    assert.deepEqual(found, expected);
  });
});
