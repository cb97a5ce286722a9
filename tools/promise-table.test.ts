import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { areKept, idOf, promiseRows, promiseTable } from "./promise-table.ts";

const promises = { "P-1": "one", "P-2": "two", "P-12": "twelve" };

describe("the table of promises", () => {
  it("tells a promise's tests by the id at the beginning of their names", () => {
    assert.equal(idOf("P-12 no new pod: while an old one is there"), "P-12");
    assert.equal(idOf("P-1: a change"), "P-1");
    assert.equal(idOf("stop is atomic (P-4)"), null);
    assert.equal(idOf("P-1x"), null);
  });

  it("holds a promise for kept when all of its tests passed, and for broken when there is none (PTA1)", () => {
    const tests = [
      { name: "P-1 a", passed: true },
      { name: "P-1 b", passed: false },
      { name: "P-12 c", passed: true },
    ];
    const rows = promiseRows(promises, tests, []);
    assert.deepEqual(
      rows.map(({ verdict, tests: count }) => `${verdict} ${count}`),
      ["fail 2", "fail: no test 0", "pass 1"],
    );
    assert.equal(areKept(rows), false);
    assert.equal(areKept(rows.slice(2)), true);
  });

  it("shows figures once each, and how many promises are kept", () => {
    const tests = Object.keys(promises).map((id) => ({ name: `${id} x`, passed: true }));
    const figures = ["a", "b", "a"].map((text) => ({ id: "P-2", text }));
    const table = promiseTable(promiseRows(promises, tests, figures));
    assert.match(table, /^P-2 +two +1 +pass +a; b$/m);
    assert.match(table, /3 of 3 promises kept$/);
  });
});
