/** Whatever validation lets pass, the parser of schedules takes: it is asked within a decision, where it must not throw (CF1, P-38). */
import assert from "node:assert/strict";
import test from "node:test";
import fc from "fast-check";
import { validateStreamJob } from "../../../crds/index.ts";
import { dueAt } from "./schedule.ts";

const SINCE = "2031-01-01T00:00:00.000Z";

function isValid(schedule: string): boolean {
  return (
    validateStreamJob({
      apiVersion: "streamjob.dev/v1alpha1",
      kind: "StreamJob",
      metadata: { name: "wc", namespace: "default" },
      spec: { job: { module: "/job.ts" }, savepoints: { schedule } },
    }).kind === "valid"
  );
}

const value = fc.oneof(
  fc.integer({ min: 0, max: 66 }).map(String),
  fc.constantFrom("00", "09", "JAN", "dec", "Feb", "SUN", "sat", "Mon", "L", "*", ""),
);
const part = fc.oneof(
  value,
  fc.tuple(value, value).map(([from, to]) => `${from}-${to}`),
  fc.tuple(value, value).map(([of, step]) => `${of}/${step}`),
  fc.tuple(value, value, value).map(([from, to, step]) => `${from}-${to}/${step}`),
  value.map((each) => `${each}W`),
  value.map((each) => `${each}L`),
);
const list = fc.array(part, { minLength: 1, maxLength: 3 }).map((parts) => parts.join(","));
const FIELDS = 5;

test("CF1: each part of each field that is accepted can be asked when it is due", () => {
  let accepted = 0;
  fc.assert(
    fc.property(fc.integer({ min: 0, max: FIELDS - 1 }), list, (place, field) => {
      const schedule = Array.from({ length: FIELDS }, (_, index) => (index === place ? field : "*")).join(" ");
      if (!isValid(schedule)) return;
      accepted++;
      assert.doesNotThrow(() => dueAt(schedule, SINCE, Date.parse(SINCE)), schedule);
    }),
    { numRuns: 1500 },
  );
  // By chance about eighty.
  assert.ok(accepted > 15, `only ${accepted} were accepted: this shows nothing`);
});

test("a range that goes round is due in it", () => {
  const since = "2031-01-01T12:00:00.000Z";
  const ms = dueAt("0 22-4 * * FRI-MON", since, Date.parse(since))?.ms ?? 0;
  assert.equal(new Date(ms).toISOString(), "2031-01-03T00:00:00.000Z");
});
