import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { scalarFunctions } from "../validate/functions/scalar-functions.ts";
import { evaluateRepeatedly } from "./evaluation.test-support.ts";
import { scalarImplementations } from "./scalar-function.ts";

describe("the implementations of scalar functions", () => {
  it("are of each function of the table, and of nothing else but IS JSON (SQUB1)", () => {
    const names = Object.values(scalarFunctions).flatMap((rows) => rows.map(([name]) => name.toUpperCase()));
    const implemented = [...scalarImplementations.keys()].filter((name) => !/^IS (NOT )?JSON/.test(name));
    assert.deepEqual(implemented.toSorted(), names.toSorted());
  });

  it("go on in their sequence of random numbers (SQUA1)", () => {
    // Those of java.util.Random with the seed 1.
    assert.deepEqual(evaluateRepeatedly("RAND(1)", 3), [0.7308781907032909, 0.41008081149220166, 0.20771484130971707]);
    assert.deepEqual(evaluateRepeatedly("RAND_INTEGER(3, 99)", 1), [50]);
    assert.deepEqual(evaluateRepeatedly("RAND_INTEGER(3, 10)", 1), [4]);
    assert.deepEqual(evaluateRepeatedly("RAND_INTEGER(3, 3)", 1), [2]);
    assert.deepEqual(evaluateRepeatedly("RAND_INTEGER(1, 16)", 4), [11, 1, 6, 6]);
    // Of this bound half of all draws are thrown away.
    assert.deepEqual(
      evaluateRepeatedly("RAND_INTEGER(5, 1073741825)", 5),
      [379_250_092, 189_533_474, 1_049_914_506, 991_787_854, 963_357_722],
    );
  });

  it("give random numbers in their range without a seed", () => {
    const numbers = evaluateRepeatedly("RAND()", 50) as number[];
    assert.ok(numbers.every((number) => number >= 0 && number < 1));
    assert.deepEqual(new Set(evaluateRepeatedly("RAND_INTEGER(3)", 100)), new Set([0, 1, 2]));
  });

  it("give another UUID of version 4 each time", () => {
    const ids = evaluateRepeatedly("UUID()", 20) as string[];
    for (const id of ids) assert.match(id, /^[\da-f]{8}-[\da-f]{4}-4[\da-f]{3}-[89ab][\da-f]{3}-[\da-f]{12}$/);
    assert.equal(new Set(ids).size, 20);
  });
});
