/** A part of the decision that throws costs that part, is told, and never leaves Ready of an older generation standing (P-38). */
import assert from "node:assert/strict";
import test from "node:test";
import type { StreamJobSpec } from "../../crds/index.ts";
import type { Observed } from "./facts/observed.ts";
import type { Plan } from "./actions/plan.ts";
import { reconcile } from "./reconcile.ts";
import { settings, SimulatedWorld, specOf } from "./simulated-world.test-support.ts";

const more: Partial<StreamJobSpec> = { upgrade: { stability: { window: "3s" } } };

/** A field that throws when it is read: as a value that some parser does not take. */
function planted<T extends object>(value: T, field: keyof T): T {
  return Object.defineProperty({ ...value }, field, {
    enumerable: true,
    get: (): never => {
      throw new TypeError(`planted: ${String(field)}`);
    },
  });
}

function running(): SimulatedWorld {
  const world = new SimulatedWorld(specOf("good", 1, more));
  assert.ok(world.settle());
  return world;
}

/** The world as it is, with a generation that validation has passed. */
function seen(world: SimulatedWorld, spec: StreamJobSpec): Observed {
  const observed = world.observe();
  const { job } = observed;
  const next = { ...job, spec, metadata: { ...job.metadata, generation: 2 } };
  // What only an operator can heal.
  const incarnations = observed.incarnations.map((incarnation) => ({ ...incarnation, taskManagerSet: null }));
  return { ...observed, job: next, incarnations, validated: { kind: "valid", job: next } };
}

function message(observed: Observed, plant: (message: Message) => Message): Observed {
  const incarnations = observed.incarnations.map((incarnation) => {
    const { jobManager } = incarnation;
    if (jobManager.kind !== "answering") return incarnation;
    return { ...incarnation, jobManager: { ...jobManager, incarnation: plant(jobManager.incarnation) } };
  });
  return { ...observed, incarnations };
}
type Message = Extract<Observed["incarnations"][number]["jobManager"], { kind: "answering" }>["incarnation"];

const heals = ({ actions }: Plan): boolean =>
  actions.some((action) => action.kind === "applyChild" && action.object.metadata.name === "wc-1-taskmanager");

function assertTold(plan: Plan, text: RegExp): void {
  const { status } = plan;
  const of = (type: string) => status?.conditions.find((condition) => condition.type === type);
  assert.equal(status?.observedGeneration, 2);
  assert.deepEqual([of("Ready")?.status, of("Ready")?.observedGeneration], ["False", 2]);
  assert.deepEqual([of("Stalled")?.status, of("Stalled")?.reason], ["True", "DecisionFailed"]);
  assert.match(of("Stalled")?.message ?? "", text);
  assert.ok(plan.events.some(({ type, reason }) => type === "Warning" && reason === "ReconcileFailed"));
  assert.ok((plan.failures ?? []).length > 0);
}

const good = specOf("good", 1, more);
const cases: Readonly<Record<string, (observed: Observed) => Observed>> = {
  "a spec that cannot be resolved": (observed) => ({
    ...observed,
    job: { ...observed.job, spec: planted({ ...good, deletion: {} }, "deletion") },
  }),
  "a schedule that its parser does not take": (observed) => ({
    ...observed,
    job: { ...observed.job, spec: { ...good, savepoints: { schedule: "61 * * * *" } } },
  }),
  "an answer of the JobManager": (observed) => message(observed, (each) => planted(each, "result")),
  "the last checkpoint, when all else has been decided": (observed) =>
    message(observed, (each) => ({ ...each, lastCheckpoint: planted(lastCheckpoint, "timeMs") })),
  "a snapshot": (observed) => ({
    ...observed,
    snapshots: [planted({ ...snapshot, status: {} }, "spec")],
  }),
  "the budgets": (observed) => ({
    ...observed,
    disruptionBudgets: [planted({ ...budget, spec: budget.spec }, "metadata")],
  }),
};
const lastCheckpoint = { id: 1, timeMs: 1, path: "/chk", sizeBytes: 1 };
const snapshot: Observed["snapshots"][number] = {
  apiVersion: "streamjob.dev/v1alpha1",
  kind: "StreamJobSnapshot",
  metadata: { name: "a", namespace: "default" },
  spec: { jobRef: { name: "wc" } },
};
const budget = {
  apiVersion: "policy/v1",
  kind: "PodDisruptionBudget",
  metadata: { name: "wc-jobmanager", namespace: "default" },
  spec: { maxUnavailable: 1, selector: { matchLabels: {} } },
} as Observed["disruptionBudgets"][number];

for (const [name, plant] of Object.entries(cases)) {
  test(`P-38: ${name} throws: it is told, and what runs is healed`, () => {
    const world = running();
    // A window that has not begun: the schedule is asked from the first checkpoint on.
    const plan = reconcile(plant(seen(world, good)), settings, world.nowMs);
    assertTold(plan, name === "a schedule that its parser does not take" ? /61 \* \* \* \*|CronPattern/ : /planted/);
    assert.ok(heals(plan), JSON.stringify(plan.actions.map(({ kind }) => kind)));
  });
}

test("P-38: pods that cannot be made are told, those of the old version are still healed, and a corrected spec goes on", () => {
  const world = running();
  // As an API server without our schema would let it pass.
  const podTemplate = { spec: { containers: "no" } } as unknown as NonNullable<
    StreamJobSpec["taskManager"]
  >["podTemplate"];
  const broken = specOf("good", 2, { ...more, taskManager: { podTemplate } });
  world.patch(() => broken);
  const pass = (): void => {
    const observed = world.observe();
    const valid = { ...observed, validated: { kind: "valid" as const, job: observed.job } };
    world.apply(valid, reconcile(valid, settings, world.nowMs));
    world.advance(1000);
  };
  for (let look = 0; look < 10; look++) pass();
  const observed = world.observe();
  const unhealed = {
    ...observed,
    validated: { kind: "valid" as const, job: observed.job },
    incarnations: observed.incarnations.map((each) => (each.number === 1 ? { ...each, taskManagerSet: null } : each)),
  };
  const plan = reconcile(unhealed, settings, world.nowMs);
  assert.ok(heals(plan), JSON.stringify(plan.actions.map(({ kind }) => kind)));
  const stalled = world.status.conditions.find(({ type }) => type === "Stalled");
  assert.deepEqual([world.status.observedGeneration, stalled?.reason], [2, "DecisionFailed"]);
  assert.match(stalled?.message ?? "", /pods of incarnation 2/);
  world.patch(() => specOf("good", 3, more));
  assert.ok(world.settle());
  assert.equal(world.status.active?.generation, 3);
  assert.deepEqual(world.violations, []);
});

test("RE4: a status that cannot be read is the one error of the whole: nothing is written over it", () => {
  const world = running();
  const observed = seen(world, good);
  const job = { ...observed.job, status: { phase: "Nonsense" } } as unknown as Observed["job"];
  assert.throws(() => reconcile({ ...observed, job }, settings, world.nowMs), { code: "STATUS_UNREADABLE" });
});
