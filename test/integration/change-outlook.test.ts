import assert from "node:assert/strict";
import test from "node:test";
import fc from "fast-check";
import { outlookOf } from "../../cli/manifests/change-outlook.ts";
import type { Operation, StreamJobSpec } from "../../crds/index.ts";
import { nativeEngine } from "../../operator/engine-native/index.ts";
import { type Plan, preview, reconcile } from "../../operator/reconcile/index.ts";
import { settings, SimulatedWorld, specOf } from "../../operator/reconcile/simulated-world.test-support.ts";

/** What `diff` may say, from its words. */
const claims: Readonly<Record<string, RegExp>> = {
  none: /^the job keeps running, and nothing is restarted$/m,
  "in place": /^the job keeps running; only objects beside its pods change/m,
  "nothing while suspended": /^nothing now, because the job is suspended/m,
  "not retried": /^nothing: this version failed before/m,
  "stays ended": /^nothing: the job has \w+ and stays/m,
  "needs a person": /^nothing is started: /m,
  "restart with savepoint, warm": /^then \d+ stops with a savepoint, and \d+ restores it/m,
  "restart with savepoint, cold": /^incarnation \d+ stops with a savepoint and its pods are deleted/m,
  "restart from the newest checkpoint": /^records after that checkpoint are processed again/m,
  "restart without state": /^all state is discarded/m,
  "start of what has ended": /^the job has ended \(/m,
  "suspension, savepoint": /^the job is stopped with a savepoint/m,
  "suspension, last-state": /^the job's pods are deleted; its newest checkpoint is kept/m,
  "suspension, stateless": /^the job's pods are deleted, and its state is discarded/m,
  "suspension of what has ended": /^the job has ended; its pods are deleted/m,
  start: /^(?:it is deployed, and|the job) starts /m,
};

/** What the operator did in the look after the change, in the same words. */
function deedOf({ status, events }: Plan, before: Operation | undefined): string | null {
  const operation = status?.operation;
  const isEnded = (status?.active?.ended ?? null) !== null;
  const isBegun = operation !== undefined && operation.operationId !== before?.operationId;
  if (!isBegun) return events.some(({ reason }) => reason.endsWith("Started")) ? null : "nothing begins";
  const { kind, mode, standby } = operation;
  if (kind === "deploy" || kind === "resume") return "start";
  if (kind === "suspend") return isEnded ? "suspension of what has ended" : `suspension, ${mode}`;
  if (kind !== "upgrade") return null;
  if (isEnded) return "start of what has ended";
  if (mode === "stateless") return "restart without state";
  return mode === "last-state" ? "restart from the newest checkpoint" : `restart with savepoint, ${standby}`;
}

const beginsNothing = ["none", "in place", "nothing while suspended", "not retried", "stays ended", "needs a person"];
const upgrade: NonNullable<StreamJobSpec["upgrade"]> = { stability: { window: "3s" }, deployTimeout: "20s" };

const edits: readonly ((spec: StreamJobSpec, number: number) => StreamJobSpec)[] = [
  (spec, number) => ({ ...spec, job: specOf("good", number).job }),
  (spec, number) => ({ ...spec, parallelism: number }),
  (spec, number) => ({ ...spec, upgrade: { ...spec.upgrade, standby: number % 2 === 0 ? "cold" : "warm" } }),
  (spec, number) => ({ ...spec, upgrade: { ...spec.upgrade, mode: number % 2 === 0 ? "last-state" : "stateless" } }),
  (spec, number) => ({ ...spec, state: number % 2 === 0 ? "suspended" : "running" }),
  (spec, number) => ({ ...spec, taskManager: { pdb: number % 2 === 0 } }),
  (spec) => ({ ...spec, job: specOf("refuse", 9).job }),
  (spec) => ({ ...spec, deletion: { savepoint: true } }),
  (spec) => ({ ...spec, savepoints: { retain: { count: 3 } } }),
];
const edit = fc.array(fc.tuple(fc.nat({ max: edits.length - 1 }), fc.integer({ min: 1, max: 4 })), {
  minLength: 1,
  maxLength: 3,
});

/** From a job that runs, so that these are said whatever else comes by chance. */
const examples: readonly (readonly [string, [number, number][]])[] = [
  ["none", [[7, 1]]],
  ["in place", [[5, 2]]],
  ["restart with savepoint, warm", [[0, 2]]],
  [
    "restart with savepoint, cold",
    [
      [2, 2],
      [0, 2],
    ],
  ],
  [
    "restart from the newest checkpoint",
    [
      [3, 2],
      [0, 2],
    ],
  ],
  [
    "restart without state",
    [
      [3, 1],
      [0, 2],
    ],
  ],
  ["suspension, savepoint", [[4, 2]]],
];

test("DIC3: what `diff` says in words is what the operator does when the manifest is applied", () => {
  const seen = new Set<string>();
  const history = fc.array(fc.tuple(edit, fc.constantFrom(300, 3000, 30_000)), { maxLength: 3 });
  const behaviours = fc.constantFrom("good", "good", "good", "finish", "fail-late");
  fc.assert(
    fc.property(fc.integer(), behaviours, history, edit, (seed, behaviour, before, last) => {
      const world = new SimulatedWorld(specOf(behaviour, 1, { upgrade, recovery: { onFailed: "never" } }), { seed });
      const apply = (list: typeof last): void =>
        world.patch((spec) => list.reduce((old, [which, number]) => edits[which]?.(old, number) ?? old, spec));
      world.run(12_000);
      for (const [list, afterMs] of before) {
        apply(list);
        world.run(afterMs);
      }
      const { operation } = world.status;
      apply(last);
      const observed = world.observe();
      const told = preview(observed, nativeEngine, world.nowMs);
      const text = outlookOf(observed.job, told).join("\n");
      if (told.goesOn !== null) return;
      const plan = reconcile(world.observe(), settings, world.nowMs);
      const deed = deedOf(plan, operation);
      if (deed === null) return;
      const said = Object.keys(claims).filter((claim) => claims[claim]?.test(text));
      const why = `${text}\n${JSON.stringify(plan.events)}`;
      assert.equal(said.length, 1, why);
      const [claim = ""] = said;
      seen.add(claim);
      assert.equal(beginsNothing.includes(claim) ? "nothing begins" : claim, deed, why);
      const changesBudget = plan.actions.some(
        (action) =>
          (action.kind === "applyChild" && action.object.kind === "PodDisruptionBudget") ||
          (action.kind === "deleteChild" && action.objectKind === "PodDisruptionBudget"),
      );
      if (claim === "none" || claim === "in place") assert.equal(changesBudget, claim === "in place", why);
    }),
    {
      numRuns: 200,
      examples: examples.map(([, changes]): [number, "good", [], [number, number][]] => [1, "good", [], changes]),
    },
  );
  for (const [claim] of examples) assert.ok(seen.has(claim), `"${claim}" was never said`);
});
