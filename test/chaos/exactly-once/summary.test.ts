import assert from "node:assert/strict";
import { it } from "node:test";
import { planOf, RECORDS } from "./plan.ts";
import type { Outcome } from "./run-once.ts";
import { summaryOf } from "./summary.ts";

const good = (seed: number, seconds: number, faults: readonly string[]): Outcome => ({
  plan: planOf(seed, RECORDS),
  seconds,
  problem: null,
  isHung: false,
  report: { faults, failpoints: ["tm:before-commit"], restarts: 2 },
});
const bad = (seed: number, isHung: boolean): Outcome => ({
  plan: planOf(seed, RECORDS),
  seconds: 600,
  problem: "the table is wrong",
  isHung,
  report: null,
});

it("a summary counts runs, faults by row, failpoints, restarts, violations and seconds, and names the seeds to repeat", () => {
  const outcomes = [
    good(1, 10, ["10 broker", "2 JobManager"]),
    good(2, 20, ["10 broker"]),
    bad(3, false),
    bad(4, true),
  ];
  const lines = summaryOf(outcomes, 1250)
    .split("\n")
    .map((line) => line.replace(/\s+/g, " ").trim());
  for (const line of [
    "runs 4",
    "violations 1",
    "hung 1",
    "faults 3, of rows 2, 10",
    "failpoints 2 deaths and stops at 1 failpoints",
    "restarts of tasks 4",
    "seconds 1250 in all; of a run 20.0 in the median, 600.0 of nine in ten, 600.0 at most",
    "2 JobManager 1",
    "10 broker 2",
    "tm:before-commit 2",
    "seeds to repeat: 3, 4",
  ])
    assert.ok(lines.includes(line), `${line} is not in ${lines.join("\n")}`);
});
