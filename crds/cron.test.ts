import assert from "node:assert/strict";
import test from "node:test";
import { Environment } from "@marcbachmann/cel-js";
import { CRON_PATTERN, plainSchedule } from "./cron.ts";
import { streamJobDefinition } from "./custom-resource-definition.ts";
import { smallJob } from "./manifest-examples.test-support.ts";
import { schemaAt, type StructuralSchema } from "./structural-schema.ts";
import { validateStreamJob } from "./validation.ts";

const schema = streamJobDefinition().spec.versions[0]?.schema.openAPIV3Schema as StructuralSchema;
const [rule] = schemaAt(schema, ["spec", "savepoints", "schedule"])?.["x-kubernetes-validations"] ?? [];
const ask = new Environment({ unlistedVariablesAreDyn: true }).parse(rule?.rule ?? "");

/** What the API server says, and what everyone else does. */
function verdicts(schedule: string): readonly [boolean, boolean] {
  const job = { ...smallJob(), spec: { ...smallJob().spec, savepoints: { schedule } } };
  return [ask({ self: schedule }) === true, validateStreamJob(job).kind === "valid"];
}

const right = [
  "0 3 * * *",
  "*/15 * * * *",
  "0,30 0-6,22-23 1,15 JAN-MAR mon-fri",
  "59 23 31 12 7",
  "05 03 01 01 *",
  "1-50/7 * * * *",
  "0 22-4 * * FRI-MON",
  "0 3 L * *",
  "0 3 15W,L * 5L",
  "0 3 LW * *",
];
const wrong = [
  "61 * * * *",
  "60 * * * *",
  "* 24 * * *",
  "* * 0 * *",
  "* * 32 * *",
  "* * * 0 *",
  "* * * 13 *",
  "* * * * 8",
  "*/0 * * * *",
  "*/60 * * * *",
  "5/15 * * * *",
  "1,,2 * * * *",
  "1, * * * *",
  "-5 * * * *",
  "*-5 * * * *",
  "1-2-3 * * * *",
  "MON * * * *",
  "* * * * MONDAY",
  "* * * JANUARY *",
  "* * * * L",
  "* * 1,LW * *",
  "* * * *",
  "* * * * * *",
  "*  * * * *",
  " * * * * *",
  "@daily",
  "",
];

for (const schedule of right) {
  test(`CF1: the schedule "${schedule}" is one, for an API server and everyone else`, () =>
    assert.deepEqual(verdicts(schedule), [true, true]));
}
for (const schedule of wrong) {
  test(`T13: the schedule "${schedule}" is refused when it is written, by both`, () =>
    assert.deepEqual(verdicts(schedule), [false, false]));
}

test("the rule is the pattern, and says what to write", () => {
  assert.ok(rule?.rule.includes(CRON_PATTERN));
  assert.match(rule?.message ?? "", /"0 3 \* \* \*": minute 0-59/);
});

test("a range that goes round is written out, all else stays as it is", () => {
  const table: Readonly<Record<string, string>> = {
    "0 22-2 * * *": "0 22,23,0,1,2 * * *",
    "0 22-4/2 * * *": "0 22,0,2,4 * * *",
    "0 0 30-1 NOV-FEB FRI-MON": "0 0 30,31,1 11,12,1,2 5,6,0,1",
    "0 0 * * MON-SUN": "0 0 * * 1,2,3,4,5,6,0",
    "0 0 * * 6-2": "0 0 * * 6,0,1,2",
    "*/5,7 1-5/2 L JAN-MAR 5-7": "*/5,7 1-5/2 L JAN-MAR 5-7",
  };
  for (const [schedule, plain] of Object.entries(table)) assert.equal(plainSchedule(schedule), plain);
});
