import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { seededRandom } from "../../../base/index.ts";
import type { SqlSession } from "../session.ts";
import { parse, session } from "./evaluation.test-support.ts";
import { compileScalar } from "./scalar.ts";

function valueOf(expression: string, changes: Partial<SqlSession>): unknown {
  const { row, values } = parse(expression, "a INT");
  const [value] = values;
  assert(value !== undefined, expression);
  return compileScalar(value, row, { ...session(), ...changes })({ a: 1 });
}

describe("a part that is in an expression several times", () => {
  it("is worked out once", () => {
    let calls = 0;
    const clock = { nowMs: () => ++calls } as unknown as SqlSession["clock"];
    const now = "CURRENT_ROW_TIMESTAMP()";
    assert.equal(valueOf(`${now} = ${now} AND (a > 1 OR ${now} = ${now})`, { clock }), true);
    assert.equal(calls, 1);
  });

  it("is worked out in each branch that asks for it, and in no other", () => {
    assert.equal(valueOf("CASE WHEN a > 1 THEN 1 / (a - 1) WHEN a = 1 THEN 7 ELSE 1 / (a - 1) END", {}), 7);
    assert.equal(valueOf("CASE WHEN a > 1 THEN 5 / a ELSE 5 / a + 5 / a END", {}), 10);
  });

  it("is another one each time when it is random", () => {
    const random = seededRandom(3);
    assert.equal(valueOf("RAND() = RAND()", { random }), false);
    assert.equal(valueOf("RAND() + 1 = RAND() + 1", { random }), false);
    assert.equal(valueOf("UUID() = UUID()", { random }), false);
  });
});
