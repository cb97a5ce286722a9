import assert from "node:assert/strict";
import test from "node:test";
import fc from "fast-check";
import { PAUSED_ANNOTATION, ROLLBACK_TO_ANNOTATION, type StreamJob, type StreamJobSpec } from "../../crds/index.ts";
import { nativeEngine } from "../engine-native/index.ts";
import type { Plan } from "./actions/plan.ts";
import { type BegunOperation, type Preview, preview } from "./preview.ts";
import { reconcile } from "./reconcile.ts";
import type { Behaviour } from "./simulated-jobmanager.test-support.ts";
import { settings, SimulatedWorld, specOf } from "./simulated-world.test-support.ts";
import type { WorldOptions } from "./world-options.test-support.ts";

const upgrade: NonNullable<StreamJobSpec["upgrade"]> = { stability: { window: "3s" }, deployTimeout: "20s" };
const good = (version: number): StreamJobSpec => specOf("good", version, { upgrade });

/** What a person changes, by which a situation comes about, and what is asked about then. */
const edits: Readonly<Record<string, (spec: StreamJobSpec, number: number) => StreamJobSpec>> = {
  "another version": (spec, number) => ({ ...spec, job: good(number).job }),
  "the first version": (spec) => ({ ...spec, job: good(1).job }),
  "a version that cannot be loaded": (spec) => ({ ...spec, job: specOf("refuse", 9).job }),
  "a version whose state does not fit": (spec) => ({ ...spec, job: specOf("incompatible", 9).job }),
  "a version that fails": (spec) => ({ ...spec, job: specOf("fail-early", 9).job }),
  parallelism: (spec, number) => ({ ...spec, parallelism: number }),
  "a budget": (spec, number) => ({ ...spec, taskManager: { pdb: number % 2 === 0 } }),
  "a savepoint": (spec, number) => ({ ...spec, savepointNonce: String(number) }),
  suspended: (spec) => ({ ...spec, state: "suspended" }),
  running: (spec) => ({ ...spec, state: "running" }),
  cold: (spec, number) => ({ ...spec, job: good(number).job, upgrade: { ...upgrade, standby: "cold" } }),
  "the newest checkpoint": (spec, number) => ({
    ...spec,
    job: good(number).job,
    upgrade: { ...upgrade, mode: "last-state" },
  }),
  stateless: (spec, number) => ({ ...spec, job: good(number).job, upgrade: { ...upgrade, mode: "stateless" } }),
  approval: (spec, number) => ({ ...spec, job: good(number).job, upgrade: { ...upgrade, approval: "manual" } }),
  "lost state": (spec) => ({ ...spec, upgrade: { ...upgrade, allowNonRestoredState: true } }),
  "no recovery": (spec) => ({ ...spec, recovery: { onFailed: "never" } }),
  "a restart": (spec, number) => ({ ...spec, restartNonce: String(number) }),
  "an invalid one": (spec) => ({ ...spec, parallelism: 0 }),
  nothing: (spec) => spec,
};

const edit = fc.record({ what: fc.constantFrom(...Object.keys(edits)), number: fc.integer({ min: 1, max: 4 }) });
type Edit = { readonly what: string; readonly number: number };

const orders = ["none", "none", "none", "paused", "delete", "roll back"] as const;
const faults = ["none", "none", "restart", "kill", "unreachable"] as const;
const happenings = fc.array(
  fc.record({
    edit,
    fault: fc.constantFrom(...faults),
    afterMs: fc.constantFrom(0, 50, 300, 1000, 3000, 12_000, 60_000),
  }),
  { maxLength: 5 },
);
const options = fc.record({
  seed: fc.integer(),
  podStartMs: fc.constantFrom(100, 1000, 4000),
  podEndMs: fc.constantFrom(100, 1000, 6000),
  savepointMs: fc.constantFrom(50, 500, 5000),
  failingSavepoints: fc.constantFrom(0, 0, 1),
}) satisfies fc.Arbitrary<WorldOptions>;

function change(world: SimulatedWorld, { what, number }: Edit): void {
  world.patch((old) => edits[what]?.(old, number) ?? old);
}

function disturb(world: SimulatedWorld, fault: (typeof faults)[number]): void {
  const { active } = world;
  if (fault === "restart") active?.restartJob();
  if (fault === "kill") world.killJobManager();
  if (fault === "unreachable" && active !== null) active.unreachableUntilMs = world.nowMs + 15_000;
}

function order(world: SimulatedWorld, what: (typeof orders)[number]): void {
  if (what === "paused") world.annotate({ [PAUSED_ANNOTATION]: "true" });
  if (what === "delete") world.delete();
  if (what !== "roll back") return;
  const [first] = world
    .observe()
    .revisions.map(({ name }) => name)
    .sort();
  if (first !== undefined) world.annotate({ [ROLLBACK_TO_ANNOTATION]: first });
}

/** The kinds of operation that a plan begins, by its events, with what they say. */
function begunIn({ events }: Plan): readonly { readonly kind: string; readonly note: string }[] {
  const kinds: Readonly<Record<string, string>> = {
    DeployStarted: "deploy",
    UpgradeStarted: "upgrade",
    RollbackStarted: "rollback",
    SuspendStarted: "suspend",
    ResumeStarted: "resume",
    RecoveryStarted: "recreate",
    DeleteStarted: "delete",
  };
  return events.flatMap(({ reason, note }) => (kinds[reason] === undefined ? [] : [{ kind: kinds[reason], note }]));
}

function assertBegins(plan: Plan, begins: BegunOperation | null, why: string): void {
  const [first] = begunIn(plan);
  assert.deepEqual(first ?? null, begins === null ? null : { kind: begins.kind, note: begins.message }, why);
  const operation = plan.status?.operation;
  if (begins === null || operation?.kind !== begins.kind || operation.message !== begins.message) return;
  for (const field of [
    "kind",
    "mode",
    "standby",
    "from",
    "to",
    "fromGeneration",
    "toGeneration",
    "revision",
  ] as const) {
    assert.equal(operation[field], begins[field], `${field}: ${why}`);
  }
  assert.ok(begins.steps.includes(operation.step), why);
}

const conditionIn = (plan: Plan, job: StreamJob, type: string) =>
  (plan.status ?? job.status)?.conditions?.find((condition) => condition.type === type);

/** What the plan of the look after the change has to be. */
function assertComesTrue(told: Preview, plan: Plan, job: StreamJob, why: string): void {
  if (told.isPaused) {
    assert.deepEqual([begunIn(plan), plan.actions], [[], []], why);
    return;
  }
  const isAbandoned = plan.events.some(({ reason, note }) => reason === "Superseded" && note.includes("is abandoned"));
  assert.equal(isAbandoned, told.abandoned !== null, why);
  const asked = plan.actions.some(
    (action) => action.kind === "createSnapshot" && action.snapshot.spec.origin === "manual",
  );
  if (told.goesOn !== null) return;
  assertBegins(plan, told.begins, why);
  if (told.begins !== null) return;
  assert.equal(asked, told.takesSavepoint, why);
  const blocked = conditionIn(plan, job, "UpgradeBlocked");
  assert.equal(blocked?.status === "True" && blocked.reason === "AwaitingApproval", told.onApproval !== null, why);
  if (told.stalled !== null) assert.equal(conditionIn(plan, job, "Stalled")?.message, told.stalled.message, why);
  const budgets = plan.actions.flatMap((action) => {
    if (action.kind === "applyChild" && action.object.kind === "PodDisruptionBudget")
      return [{ name: action.object.metadata.name, isDeleted: false }];
    return action.kind === "deleteChild" && action.objectKind === "PodDisruptionBudget"
      ? [{ name: action.name, isDeleted: true }]
      : [];
  });
  assert.deepEqual(told.budgets, budgets, why);
}

/** PRV2: unless it fails, or another version has to take its place. */
function assertFollows(world: SimulatedWorld, told: Preview, why: string): void {
  const { goesOn } = told;
  if (goesOn === null || goesOn.kind === "delete") return;
  for (let look = 0; look < 3000 && world.job !== null; look++) {
    const plan = world.look();
    const { events, status } = plan;
    if (events.some(({ type, reason }) => type === "Warning" || (reason === "Superseded" && look > 0))) return;
    if (begunIn(plan).some(({ note }) => /^generation \d+ failed /.test(note))) return;
    if (status !== null && status.operation?.operationId !== goesOn.operationId) {
      assertBegins(plan, told.begins, why);
      return;
    }
    world.advance(Math.max(plan.wakeAfterMs ?? 100, 100));
  }
}

for (const behaviour of ["good", "finish", "fail-late"] as const satisfies readonly Behaviour[]) {
  test(`PRV1, PRV2: of a job that is ${behaviour} what is told comes true when it is applied, whatever went before`, () => {
    fc.assert(
      fc.property(options, happenings, edit, fc.constantFrom(...orders), (choice, before, last, command) => {
        const world = new SimulatedWorld(specOf(behaviour, 1, { upgrade }), choice);
        for (const each of before) {
          world.run(each.afterMs);
          change(world, each.edit);
          disturb(world, each.fault);
        }
        world.run(before.at(-1)?.afterMs ?? 12_000);
        const copy = world.job;
        order(world, command);
        change(world, last);
        const { job } = world;
        if (copy === null || job === null) return;
        const told = preview(
          { ...world.observe(), job: { ...job, status: copy.status } as StreamJob },
          nativeEngine,
          world.nowMs,
        );
        const plan = reconcile(world.observe(), settings, world.nowMs);
        const { operation, active, failed } = world.status;
        const why = JSON.stringify({
          told: { ...told, status: undefined },
          operation,
          active,
          failed,
          events: plan.events,
        });
        assertComesTrue(told, plan, job, why);
        // One that ends by itself may end before.
        if (behaviour === "good") assertFollows(world, told, why);
      }),
      { numRuns: 120 },
    );
  });
}
