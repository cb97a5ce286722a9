import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { closingLine, failureList, groupTable, isGood, type Row, stepTable } from "./report.ts";

const row = (name: string, passed: number, failed = 0, skipped = 0, problem?: string): Row => ({
  name,
  passed,
  failed,
  skipped,
  seconds: 1.25,
  failures: [],
  ...(problem === undefined ? {} : { problem }),
});

describe("the verdict", () => {
  const cases: Record<string, { row: Row; atHome: boolean; inCi: boolean; line: string }> = {
    "tests that passed": { row: row("a", 3), atHome: true, inCi: true, line: "3 passed, 0 failed, 0 skipped" },
    "a failed test": { row: row("a", 3, 1), atHome: false, inCi: false, line: "3 passed, 1 failed, 0 skipped" },
    "a skipped test": { row: row("a", 3, 0, 1), atHome: true, inCi: false, line: "3 passed, 0 failed, 1 skipped" },
    "a group that ran nothing": { row: row("a", 0), atHome: true, inCi: false, line: "0 passed, 1 failed, 0 skipped" },
    "a problem beyond counts": {
      row: row("a", 3, 0, 0, "the runner died"),
      atHome: false,
      inCi: false,
      line: "3 passed, 1 failed, 0 skipped",
    },
  };
  for (const [name, { row: only, atHome, inCi, line }] of Object.entries(cases)) {
    it(`on ${name} is ${atHome ? "good" : "bad"} at home and ${inCi ? "good" : "bad"} in CI`, () => {
      assert.equal(isGood([only], false), atHome);
      assert.equal(isGood([only], true), inCi);
      assert.equal(closingLine([only], true), line);
    });
  }

  it("is bad when one row of many is (REP1)", () => assert.equal(isGood([row("a", 1), row("b", 0, 1)], false), false));

  it("adds up all rows", () => {
    assert.equal(closingLine([row("a", 1, 2, 3), row("b", 10)], false), "11 passed, 2 failed, 3 skipped");
  });
});

describe("what failed", () => {
  it("stands by group, name and error (REP3)", () => {
    const failed: Row = { ...row("unit", 1, 1), failures: [{ name: "a > b", error: "Error: planted\n    at x" }] };
    assert.equal(failureList([row("docs", 2), failed]), "\nfailed in unit: a > b\n  Error: planted\n      at x\n");
    assert.equal(failureList([row("docs", 2)]), "");
  });
});

describe("the tables", () => {
  it("show every group with its counts in columns", () => {
    assert.equal(
      groupTable([row("unit", 120), row("e2e", 0), row("chaos", 1, 2)], false),
      [
        "group  passed  failed  skipped  seconds  result",
        "unit      120       0        0      1.3  ok",
        "e2e         0       0        0      1.3  no tests",
        "chaos       1       2        0      1.3  failed",
      ].join("\n"),
    );
  });

  it("show every step with its seconds", () => {
    assert.equal(
      stepTable([row("format", 1), row("types", 0, 1, 0, "failed (exit code 2)")]),
      ["step    seconds  result", "format      1.3  ok", "types       1.3  failed (exit code 2)"].join("\n"),
    );
  });
});
