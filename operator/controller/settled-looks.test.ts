/** What a look has to see for nothing to be decided. */
import assert from "node:assert/strict";
import test from "node:test";
import { ManualClock } from "../../runtime/testkit/index.ts";
import type { Observed, Plan } from "../reconcile/index.ts";
import { SimulatedWorld, specOf } from "../reconcile/simulated-world.test-support.ts";
import { SettledLooks } from "./settled-looks.ts";

const KEY = "default/wc";
const empty: Plan = { status: null, actions: [], events: [], wakeAfterMs: 5000, dueAfterMs: null };

function settledJob(): Observed {
  const world = new SimulatedWorld(specOf("good"));
  assert.ok(world.settle());
  return world.observe();
}

/** Another look at the same objects; `change`: what the JobManager tells by now. */
function lookAgain(observed: Observed, change: object = {}): Observed {
  const incarnations = observed.incarnations.map((incarnation) => {
    const { jobManager } = incarnation;
    if (jobManager.kind !== "answering") return { ...incarnation };
    return { ...incarnation, jobManager: { ...jobManager, incarnation: { ...jobManager.incarnation, ...change } } };
  });
  return { ...observed, incarnations, storesInUse: new Set(observed.storesInUse) };
}

test("SLK1, SLK3: after an empty plan nothing is decided while the world is the same but for newer checkpoints", () => {
  const looks = new SettledLooks(new ManualClock());
  const observed = settledJob();
  assert.equal(looks.wakeAfterMs(KEY, observed), null, "nothing was decided yet");
  looks.note(KEY, observed, empty);
  assert.equal(looks.wakeAfterMs(KEY, lookAgain(observed)), 5000);
  const lastCheckpoint = { id: 7, timeMs: 7, path: "/state/7", sizeBytes: 7 };
  assert.equal(looks.wakeAfterMs(KEY, lookAgain(observed, { lastCheckpoint, completedCheckpoints: 7 })), 5000);
});

const jobOf = (observed: Observed) => {
  const view = observed.incarnations[0]?.jobManager;
  return view?.kind === "answering" ? view.incarnation.job : null;
};
const differences: Readonly<Record<string, (observed: Observed) => Observed>> = {
  "the job has restarted": (seen) => lookAgain(seen, { job: { ...jobOf(seen), restarts: 9 } }),
  "its first checkpoint": (seen) => lookAgain(seen, { lastCheckpoint: null }),
  "the StreamJob was written": (seen) => ({ ...seen, job: { ...seen.job } }),
  "a pod was written": (seen) => ({
    ...seen,
    incarnations: seen.incarnations.map((each) => ({ ...each, pods: each.pods.map((pod) => ({ ...pod })) })),
  }),
  "a snapshot less": (seen) => ({ ...seen, incarnations: [] }),
  "another job names a store": (seen) => ({ ...seen, storesInUse: new Set(["/state/other"]) }),
  "a pod of an earlier job": (seen) => ({ ...seen, earlierPods: new Map([[1, ["wc-1-jobmanager-0"]]]) }),
  "a JobManager that does not answer": (seen) => ({
    ...seen,
    incarnations: seen.incarnations.map((each) => ({ ...each, jobManager: { kind: "unreachable", message: "m" } })),
  }),
};
for (const [what, change] of Object.entries(differences)) {
  test(`SLK3: something is decided, once and for all, when there is a difference: ${what}`, () => {
    const looks = new SettledLooks(new ManualClock());
    const observed = settledJob();
    looks.note(KEY, observed, empty);
    assert.equal(looks.wakeAfterMs(KEY, change(observed)), null);
    assert.equal(looks.wakeAfterMs(KEY, observed), null, "the plan of then is no longer known to have been the last");
  });
}

test("SLK1: nothing is taken for settled whose plan had something to do, or was not carried out", () => {
  const looks = new SettledLooks(new ManualClock());
  const observed = settledJob();
  for (const plan of [
    { ...empty, actions: [{ kind: "addFinalizer" }] as const },
    { ...empty, events: [{ type: "Normal", reason: "Stable", note: "n" }] as const },
    { ...empty, failures: [{ part: "p", error: new Error("e") }] },
    { ...empty, wakeAfterMs: null },
  ]) {
    looks.note(KEY, observed, empty);
    looks.note(KEY, observed, plan);
    assert.equal(looks.wakeAfterMs(KEY, observed), null);
  }
  looks.note(KEY, observed, empty);
  looks.forget(KEY);
  assert.equal(looks.wakeAfterMs(KEY, observed), null);
});

test("SLK2: what the plan waits for is decided in time, and everything twice a minute", () => {
  const clock = new ManualClock();
  const looks = new SettledLooks(clock);
  const observed = settledJob();
  looks.note(KEY, observed, { ...empty, dueAfterMs: 7000 });
  clock.advance(5000);
  assert.equal(looks.wakeAfterMs(KEY, observed), 2000);
  clock.advance(2000);
  assert.equal(looks.wakeAfterMs(KEY, observed), null);
  looks.note(KEY, observed, empty);
  clock.advance(29_000);
  assert.equal(looks.wakeAfterMs(KEY, observed), 1000);
  clock.advance(1000);
  assert.equal(looks.wakeAfterMs(KEY, observed), null);
});
