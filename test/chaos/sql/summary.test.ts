import assert from "node:assert/strict";
import { it } from "node:test";
import { planOf, queryNames } from "./plan.ts";
import { summaryOf } from "./summary.ts";

it("the summary counts by query and by fault, and names the seeds to repeat", () => {
  const good = { seconds: 10, problem: null, restarts: 3, changes: 100, rows: 20, failpoints: ["tm:before-commit"] };
  const bad = { seconds: 5, problem: "the table is wrong", restarts: 0, changes: 0, rows: 0, failpoints: [] };
  const text = summaryOf(
    [
      { plan: planOf(0, 2), ...good },
      { plan: planOf(queryNames.length, 2), ...bad },
      { plan: planOf(1, 2), ...good },
    ],
    25,
  );
  assert.match(text, /^query +runs +violations +faults +restarts +changes +rows +seconds$/m);
  assert.match(text, /^groups +2 +1 +4 +3 +100 +20 +15$/m);
  assert.match(text, /^some of the values +1 +0 +2 +3 +100 +20 +10$/m);
  assert.match(text, /^tm:before-commit +2$/m);
  assert.match(text, /^3 runs, 1 violations, 6 faults, 2 deaths and stops at failpoints, 6 restarts of tasks, 25 s$/m);
  assert.match(text, new RegExp(`^seeds to repeat: ${queryNames.length}$`, "m"));
});
