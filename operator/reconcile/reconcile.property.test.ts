import assert from "node:assert/strict";
import test from "node:test";
import fc from "fast-check";
import { type StreamJobSpec, withDefaults } from "../../crds/index.ts";
import { revisionName } from "../engine/index.ts";
import { reconcile } from "./reconcile.ts";
import { canonicalJson, revisionHash } from "./facts/revision.ts";
import type { Behaviour } from "./simulated-jobmanager.test-support.ts";
import { settings, SimulatedWorld, specOf } from "./simulated-world.test-support.ts";
import type { OperatorFault, WorldOptions } from "./world-options.test-support.ts";
import { compareSpecs, costOf, needsIncarnation } from "./facts/spec-changes.ts";
import { snapshotStatusOf } from "./status/stored-status.ts";

const revisionOf = (spec: StreamJobSpec): string => revisionName("wc", revisionHash(spec));

const upgrade: NonNullable<StreamJobSpec["upgrade"]> = { stability: { window: "3s" }, deployTimeout: "20s" };
const spec = (behaviour: Behaviour, version = 1, more: Partial<StreamJobSpec> = {}): StreamJobSpec =>
  specOf(behaviour, version, { upgrade, ...more });

const options = fc.record({
  seed: fc.integer(),
  podStartMs: fc.constantFrom(100, 1000, 4000),
  podEndMs: fc.constantFrom(100, 1000, 6000),
  savepointMs: fc.constantFrom(50, 500, 5000),
  failingSavepoints: fc.constantFrom(0, 0, 0, 1, 2),
}) satisfies fc.Arbitrary<WorldOptions>;

/** After how many actions the operator dies, look by look, and how long until the next one starts; null: it lives. */
const death: fc.Arbitrary<OperatorFault> = fc.record({
  crashAfter: fc.integer({ min: -1, max: 6 }),
  awayMs: fc.constantFrom(0, 0, 0, 400, 3000),
});
/** Once it is away for longer than `deployTimeout`. */
const deaths = fc
  .tuple(fc.array(fc.option(death, { freq: 3 }), { maxLength: 40 }), fc.nat({ max: 40 }))
  .map(([list, longest]) => list.map((each, look) => (each && look === longest ? { ...each, awayMs: 30_000 } : each)));
const faultsOf =
  (list: readonly (OperatorFault | null)[]) =>
  (look: number): OperatorFault =>
    list[look] ?? {};

type Event = { readonly afterMs: number; readonly what: EventKind; readonly number: number };
/** After each of them the same version is wanted as before. */
const sameVersionKinds = [
  "suspend",
  "resume",
  "cold",
  "warm",
  "restartJob",
  "killJobManager",
  "unreachable",
  "snapshot",
] as const;
const eventKinds = ["version", "parallelism", "invalid", ...sameVersionKinds, "revert"] as const;
type EventKind = (typeof eventKinds)[number];
const event: fc.Arbitrary<Event> = fc.record({
  afterMs: fc.constantFrom(0, 50, 300, 1000, 3000, 12_000),
  what: fc.constantFrom(...eventKinds),
  number: fc.integer({ min: 1, max: 4 }),
});

function happen(world: SimulatedWorld, { what, number }: Event): void {
  switch (what) {
    case "version":
      return world.patch((old) => ({ ...old, ...spec("good", number) }));
    case "parallelism":
      return world.patch((old) => ({ ...old, parallelism: number }));
    case "invalid":
      return world.patch((old) => ({ ...old, parallelism: 0 }));
    case "suspend":
      return world.patch((old) => ({ ...old, state: "suspended" }));
    case "resume":
      return world.patch((old) => ({ ...old, state: "running" }));
    case "cold":
      return world.patch((old) => ({ ...old, upgrade: { ...upgrade, standby: "cold" } }));
    case "warm":
      return world.patch((old) => ({ ...old, upgrade: { ...upgrade, standby: "warm" } }));
    case "restartJob":
      return world.active?.restartJob();
    case "killJobManager":
      return world.killJobManager();
    case "unreachable": {
      const { active } = world;
      if (active !== null) active.unreachableUntilMs = world.nowMs + number * 5000;
      return;
    }
    case "snapshot":
      return world.createSnapshot(`asked-${number}`);
    case "revert":
      return world.patch(() => spec("good", 1));
  }
}

/** Objects for savepoints of operations that do not say so (OS1). */
const unlisted = (world: SimulatedWorld) =>
  world.snapshots.all.filter(
    (snapshot) => snapshot.spec.origin === "upgrade" && snapshotStatusOf(snapshot).phase !== "Completed",
  );

/** Whether what runs has the effect of the spec, or rests as it asks. */
function assertAsAsked(world: SimulatedWorld): void {
  assert.ok(world.job !== null);
  const { status, job } = world;
  assert.deepEqual([unlisted(world), status.lastSavepoint?.unlisted], [[], undefined]);
  const why = JSON.stringify({
    phase: status.phase,
    operation: status.operation,
    failed: status.failed,
    spec: job.spec,
    history: status.history.slice(-4),
  });
  if ((job.spec.parallelism ?? 1) === 0) {
    assert.equal(status.conditions.find(({ type }) => type === "Stalled")?.reason, "InvalidSpec", why);
    return;
  }
  if (job.spec.state === "suspended") {
    assert.equal(status.phase, "Suspended", why);
    assert.deepEqual(world.podNames, []);
    return;
  }
  const { active } = status;
  if (status.failed?.revision === revisionOf(job.spec)) {
    // Faults of the world may make a good version look bad; then it is the last stable one that runs.
    assert.equal(active?.revision, status.stable?.revision, why);
    return;
  }
  const running = world.observe().revisions.find(({ name }) => name === active?.revision);
  assert.ok(running !== undefined, why);
  const cost = costOf(compareSpecs(withDefaults(running.spec), withDefaults(job.spec)));
  assert.equal(needsIncarnation(cost), false, why);
  assert.equal(active?.ended, null, why);
}

test("a world in which nothing goes wrong: each change ends in an empty plan with the new version on the newest state", () => {
  fc.assert(
    fc.property(options, fc.array(fc.integer({ min: 1, max: 4 }), { maxLength: 4 }), (choice, versions) => {
      const world = new SimulatedWorld(spec("good"), { ...choice, failingSavepoints: 0 });
      assert.ok(world.settle(), "deployed");
      for (const version of versions) {
        world.patch((old) => ({ ...old, ...spec("good", version) }));
        assert.ok(world.settle(), JSON.stringify(world.status.operation));
        assert.deepEqual(world.violations, []);
        assertAsAsked(world);
        assert.equal(world.status.conditions.find(({ type }) => type === "Ready")?.status, "True");
      }
      assert.equal(world.starts.length, world.status.incarnations);
    }),
    { numRuns: 15 },
  );
});

test("P-3, P-5, P-20, P-21: whatever is patched, dies or hangs, and wherever the operator dies, it ends at the newest valid spec with one unbroken chain of state", () => {
  fc.assert(
    fc.property(options, deaths, fc.array(event, { maxLength: 10 }), (choice, dead, events) => {
      const world = new SimulatedWorld(spec("good"), choice);
      for (const each of events) {
        world.run(each.afterMs, () => false, faultsOf(dead));
        happen(world, each);
      }
      world.run(10_000, () => false, faultsOf(dead));
      const isSettled = world.settle(30 * 60_000);
      assert.deepEqual(world.violations, []);
      assert.ok(
        isSettled,
        JSON.stringify({ operation: world.status.operation, active: world.status.active, plan: world.look() }),
      );
      assertAsAsked(world);
    }),
    { numRuns: 80 },
  );
});

test("P-3: stopped after any prefix of any plan and started again, an upgrade ends as the calm one, with one savepoint", () => {
  const end = (world: SimulatedWorld) => ({
    revision: world.status.active?.revision,
    incarnation: world.status.active?.incarnation,
    savepoints: world.stopped.length,
    starts: world.starts.length,
    children: [...world.childNames()].sort(),
    snapshots: world.snapshots.all.map((snapshot) => snapshotStatusOf(snapshot).phase),
  });
  const upgraded = (dead: readonly (OperatorFault | null)[], standby: "warm" | "cold") => {
    const world = new SimulatedWorld(spec("good", 1, { upgrade: { ...upgrade, standby } }));
    assert.ok(world.settle());
    world.patch((old) => ({ ...old, ...spec("good", 2, { upgrade: { ...upgrade, standby } }) }));
    world.run(
      120_000,
      () => world.status.active?.incarnation === 2 && world.status.active.stableAt !== null,
      faultsOf(dead),
    );
    assert.ok(world.settle());
    assert.deepEqual(world.violations, []);
    return end(world);
  };
  for (const standby of ["warm", "cold"] as const) {
    const calmEnd = upgraded([], standby);
    fc.assert(
      fc.property(deaths, (dead) => {
        assert.deepEqual(upgraded(dead, standby), calmEnd);
      }),
      { numRuns: 30 },
    );
  }
});

test("RE2: the order in which objects are listed does not matter", () => {
  fc.assert(
    fc.property(options, fc.array(event, { maxLength: 8 }), (choice, events) => {
      const world = new SimulatedWorld(spec("good"), choice);
      for (const each of events) {
        for (let look = 0; look < 6; look++) {
          const plans = [world.observe(), world.observe()].map((observed) =>
            reconcile(observed, settings, world.nowMs),
          );
          assert.equal(canonicalJson(plans[0]), canonicalJson(plans[1]));
          world.look();
          world.advance(Math.max(50, Math.round(each.afterMs / 6)));
        }
        happen(world, each);
      }
    }),
    { numRuns: 30 },
  );
});

test("P-11: a JobManager that does not answer is left alone, whatever is asked for meanwhile, and all goes on when it answers again", () => {
  fc.assert(
    fc.property(
      options,
      fc.constantFrom<EventKind>("version", "suspend", "parallelism", "snapshot"),
      deaths,
      (choice, what, dead) => {
        const world = new SimulatedWorld(spec("good"), choice);
        assert.ok(world.settle());
        const { active } = world;
        assert.ok(active !== null);
        const pods = world.podNames.filter((name) => name.startsWith("wc-1-"));
        active.unreachableUntilMs = Number.POSITIVE_INFINITY;
        happen(world, { afterMs: 0, what, number: 2 });
        world.run(3 * 60_000, () => false, faultsOf(dead));
        assert.deepEqual(
          world.podNames.filter((name) => name.startsWith("wc-1-")),
          pods,
        );
        assert.equal(world.starts.length, 1);
        assert.equal(world.status.conditions.find(({ type }) => type === "JobRunning")?.status, "Unknown");
        active.unreachableUntilMs = 0;
        assert.ok(world.settle());
        assert.deepEqual(world.violations, []);
        assertAsAsked(world);
      },
    ),
    { numRuns: 10 },
  );
});

const bad: readonly Behaviour[] = ["refuse", "incompatible", "refuse-activation", "fail-early", "fail-late", "restart"];

test("P-25, P-26: a bad version ends on the stable one with the newest state, is never recorded as stable and not tried again", () => {
  fc.assert(
    fc.property(
      options,
      fc.constantFrom(...bad),
      fc.constantFrom("warm", "cold"),
      deaths,
      (choice, behaviour, standby, dead) => {
        const policy = { ...upgrade, standby, stability: { window: "50s", maxRestarts: 1 } } as const;
        const world = new SimulatedWorld(spec("good", 1, { upgrade: policy }), choice);
        assert.ok(world.settle());
        const good = revisionOf(spec("good"));
        const wrong = spec(behaviour, 2, { upgrade: policy });
        // Cold means without Preflight; what is incompatible is found by the restore then.
        if (behaviour === "incompatible" && standby === "cold") return;
        world.patch(() => wrong);
        world.run(100_000, () => false, faultsOf(dead));
        assert.ok(world.settle());
        assert.deepEqual(world.violations, []);
        const { status } = world;
        const why = JSON.stringify({ ...status, conditions: [] });
        assert.equal(status.failed?.revision, revisionOf(wrong), why);
        assert.equal(status.active?.revision, good, why);
        assert.equal(status.stable?.revision, good, why);
        assert.equal(status.conditions.find(({ type }) => type === "RolledBack")?.status, "True");
        assert.equal(status.conditions.find(({ type }) => type === "Stalled")?.status, "True");
        const { incarnations } = status;
        world.run(3 * 60_000);
        assert.equal(world.status.incarnations, incarnations, "tried again");
        // A correction is rolled out.
        world.patch(() => spec("good", 3, { upgrade: policy }));
        assert.ok(world.settle());
        assertAsAsked(world);
        assert.equal(world.status.failed, undefined);
        assert.deepEqual(world.violations, []);
      },
    ),
    { numRuns: 20 },
  );
});

/** Found by chance: a version that failed before its first checkpoint is recreated, and its job is suspended while its pods go. */
const suspendedWhileRecreated: [
  typeof options extends fc.Arbitrary<infer Choice> ? Choice : never,
  OperatorFault[],
  { afterMs: 0 | 300 | 1000 | 3000 | 12_000; what: (typeof sameVersionKinds)[number] | "refuse" }[],
] = [
  { seed: 0, podStartMs: 100, podEndMs: 100, savepointMs: 50, failingSavepoints: 0 },
  [],
  [
    { afterMs: 3000, what: "killJobManager" },
    { afterMs: 0, what: "killJobManager" },
    { afterMs: 0, what: "refuse" },
    { afterMs: 0, what: "killJobManager" },
    { afterMs: 300, what: "suspend" },
  ],
];

test("P-27: a job that does all its work does it once, whatever is asked of it in between, and wherever the operator dies", () => {
  const asked = fc.record({
    afterMs: fc.constantFrom(0, 300, 1000, 3000, 12_000),
    // A version that never runs, so that the first one is none that somebody goes back to.
    what: fc.constantFrom(...sameVersionKinds, "refuse" as const),
  });
  fc.assert(
    fc.property(options, deaths, fc.array(asked, { maxLength: 8 }), (choice, dead, events) => {
      const world = new SimulatedWorld(spec("finish"), choice);
      for (const { afterMs, what } of events) {
        world.run(afterMs, () => false, faultsOf(dead));
        if (what === "refuse") world.patch((old) => ({ ...old, ...spec("refuse", 2) }));
        else happen(world, { afterMs, what, number: 2 });
      }
      world.run(10_000, () => false, faultsOf(dead));
      world.patch(() => spec("finish"));
      const isSettled = world.settle(30 * 60_000);
      if (world.status.active?.ended?.stopFailed === true) {
        // It ended after a stop that failed, so nobody knows that it did all its work: a person is asked (P-40).
        assert.equal(world.status.conditions.find(({ type }) => type === "Stalled")?.reason, "StopFailed");
        assert.deepEqual(world.violations, []);
        return;
      }
      assert.ok(isSettled, JSON.stringify(world.status.operation));
      assert.deepEqual(world.violations, []);
      assert.equal(world.status.active?.ended?.status, "FINISHED");
      assert.equal(world.status.active.revision, revisionOf(spec("finish")));
    }),
    { numRuns: 60, examples: [suspendedWhileRecreated] },
  );
});

test("P-29: deleted at any moment, with any fault, the StreamJob goes, and nothing of it stays but snapshots that hold nothing back", () => {
  const policies = fc.record({
    savepoint: fc.boolean(),
    keepState: fc.boolean(),
    savepointTimeout: fc.constant("30s"),
  });
  fc.assert(
    fc.property(options, deaths, fc.array(event, { maxLength: 5 }), policies, (choice, dead, events, deletion) => {
      const world = new SimulatedWorld(spec("good", 1, { deletion }), choice);
      for (const each of events) {
        world.run(each.afterMs, () => false, faultsOf(dead));
        happen(world, each);
      }
      world.delete();
      world.run(20_000, () => false, faultsOf(dead));
      world.run(5 * 60_000);
      assert.equal(world.job, null, JSON.stringify(world.job?.status?.operation));
      assert.deepEqual(world.violations, []);
      assert.deepEqual(
        world.snapshots.all.filter(({ metadata }) => (metadata.finalizers ?? []).length > 0),
        [],
      );
      assert.ok(world.snapshots.made.filter((name) => name.startsWith("wc-delete-")).length <= 1);
      assert.deepEqual(unlisted(world), []);
    }),
    { numRuns: 50 },
  );
});

test("P-24: suspended at any moment of an upgrade and resumed, it goes on from exactly the state that it rested at", () => {
  fc.assert(
    fc.property(
      options,
      deaths,
      fc.integer({ min: 0, max: 8000 }),
      fc.constantFrom("warm", "cold"),
      (choice, dead, afterMs, standby) => {
        const policy = { upgrade: { ...upgrade, standby } } as const;
        const world = new SimulatedWorld(spec("good", 1, policy), choice);
        assert.ok(world.settle());
        world.patch(() => spec("good", 2, policy));
        world.run(afterMs, () => false, faultsOf(dead));
        world.patch((old) => ({ ...old, state: "suspended" }));
        assert.ok(world.settle());
        assertAsAsked(world);
        const { head } = world;
        world.patch((old) => ({ ...old, state: "running" }));
        assert.ok(world.settle());
        assertAsAsked(world);
        assert.equal(world.starts.at(-1)?.value, head?.state.value);
        assert.deepEqual(world.violations, []);
      },
    ),
    { numRuns: 25 },
  );
});
