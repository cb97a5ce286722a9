import assert from "node:assert/strict";
import test from "node:test";
import type { CertificatePolicy } from "../engine/index.ts";
import type { Action } from "./actions/plan.ts";
import type { ReconcileSettings } from "./facts/settings.ts";
import { reconcile } from "./reconcile.ts";
import { settings, START_MS, SimulatedWorld, specOf } from "./simulated-world.test-support.ts";

const policy: CertificatePolicy = { lifetimeMs: 7_200_000, renewEveryMs: 3_600_000 };
const OLD = "0a0b0c0d";
const certifying = (current = OLD, previous: string | null = null): ReconcileSettings => ({
  ...settings,
  certificates: { roots: { current, previous }, policy },
});

type Issue = Extract<Action, { kind: "issueCertificates" }>;

/** What would be done now. */
const actionsNow = (world: SimulatedWorld): readonly Action[] =>
  reconcile(world.observe(), world.settings, world.nowMs).actions;
const issuesIn = (actions: readonly Action[]): readonly Issue[] =>
  actions.filter((action) => action.kind === "issueCertificates");

function runningWorld(): SimulatedWorld {
  const world = new SimulatedWorld(specOf("good", 1));
  world.settings = certifying();
  assert.ok(world.settle());
  return world;
}

test("SEC-7: the certificates of an incarnation come before its pods, and its pods mount its own", () => {
  const world = new SimulatedWorld(specOf("good", 1));
  world.settings = certifying();
  let actions: readonly Action[] = [];
  while (issuesIn(actions).length === 0) {
    const plan = reconcile(world.observe(), world.settings, world.nowMs);
    ({ actions } = plan);
    world.apply(world.observe(), plan);
    world.advance(50);
    assert.ok(world.nowMs < START_MS + 60_000);
  }
  const kinds = actions.flatMap((action) =>
    action.kind === "applyChild" ? [action.object.kind] : action.kind === "issueCertificates" ? [action.kind] : [],
  );
  assert.deepEqual(kinds, ["ConfigMap", "issueCertificates", "StatefulSet", "StatefulSet"]);
  const sets = actions.flatMap((action) =>
    action.kind === "applyChild" && action.object.kind === "StatefulSet" ? [action.object] : [],
  );
  const items = sets.map(({ spec }) => spec.template.spec.volumes?.find(({ secret }) => secret !== undefined)?.secret);
  assert.deepEqual(
    items.map((secret) => [secret?.secretName, secret?.items?.map(({ key }) => key)]),
    [
      ["wc-1-tls", ["ca.crt", "jobmanager.crt", "jobmanager.key"]],
      ["wc-1-tls", ["ca.crt", "taskmanager.crt", "taskmanager.key"]],
    ],
  );
});

test("CED2, P-22: within a term nothing is issued, at its end once, and the look for it is planned", () => {
  const world = runningWorld();
  const issued: number[] = [];
  const endMs = world.nowMs + 3 * policy.renewEveryMs;
  let isLate = false;
  while (world.nowMs < endMs) {
    const plan = reconcile(world.observe(), world.settings, world.nowMs);
    issued.push(...issuesIn(plan.actions).map(({ term }) => term.number));
    assert.deepEqual(
      plan.actions.filter(({ kind }) => kind !== "issueCertificates"),
      [],
    );
    world.apply(world.observe(), plan);
    isLate ||= plan.wakeAfterMs === null || plan.wakeAfterMs > policy.renewEveryMs;
    world.advance(60_000);
  }
  assert.equal(issued.length, 3);
  assert.deepEqual(
    issued,
    issued.map((_, index) => (issued[0] ?? 0) + index),
  );
  assert.equal(isLate, false);
});

test("certificates are issued anew by another root, for a ConfigMap that was made again, and when the annotation is taken away", () => {
  const world = runningWorld();
  assert.deepEqual(actionsNow(world), []);
  world.settings = certifying("ffffffff");
  assert.equal(issuesIn(actionsNow(world)).length, 1);
  world.settings = certifying();
  world.remove(world.childNames().find((name) => name.startsWith("ConfigMap/wc-1-")) ?? "");
  assert.equal(issuesIn(actionsNow(world)).length, 1);
  assert.ok(world.settle());
  assert.deepEqual(actionsNow(world), []);
  world.remove("Service/wc-1");
  assert.equal(issuesIn(actionsNow(world)).length, 1);
});

test("CED3: from one root to the next an incarnation goes in stages, each settled before the next, through renewals and new operators", () => {
  const world = runningWorld();
  const NEW = "ffffffff";
  const settleMs = 600_000;
  const rotating: ReconcileSettings = {
    ...settings,
    certificates: { roots: { current: NEW, previous: OLD }, policy: { ...policy, settleMs } },
  };
  const seen: { readonly stage: string; readonly mark: string; readonly atMs: number }[] = [];
  const endMs = world.nowMs + 3 * policy.renewEveryMs;
  world.settings = rotating;
  while (world.nowMs < endMs) {
    const plan = reconcile(world.observe(), world.settings, world.nowMs);
    for (const { stage, mark } of issuesIn(plan.actions)) seen.push({ stage, mark, atMs: world.nowMs });
    world.apply(world.observe(), plan);
    // As a new operator would: nothing is kept but the annotation.
    world.settings = { ...rotating };
    world.advance(10_000);
  }
  const stages = seen.map(({ stage }) => stage);
  const firsts = stages.filter((stage, index) => stage !== stages[index - 1]);
  assert.deepEqual(firsts, ["introducing", "replacing", "current"]);
  const began = firsts.map((stage) => seen.find((one) => one.stage === stage)?.atMs ?? 0);
  assert.ok((began[1] ?? 0) - (began[0] ?? 0) >= settleMs && (began[1] ?? 0) - (began[0] ?? 0) < 2 * settleMs);
  assert.ok((began[2] ?? 0) - (began[1] ?? 0) >= settleMs && (began[2] ?? 0) - (began[1] ?? 0) < 2 * settleMs);
  const marks = seen.map(({ mark }) => mark.replace(/(@\d+)?\.\d+$/, ""));
  assert.deepEqual([...new Set(marks)], [`${OLD}+${NEW}`, `${NEW}+${OLD}`, NEW]);
  // What begins while it lasts has never stood on the old one.
  const fresh = new SimulatedWorld(specOf("good", 1));
  fresh.settings = rotating;
  assert.ok(fresh.settle());
  assert.deepEqual(actionsNow(fresh), []);
  fresh.settings = certifying(NEW);
  assert.deepEqual(actionsNow(fresh), []);
});

test("P-31: an operator that certifies nothing leaves an incarnation with certificates alone", () => {
  const world = runningWorld();
  world.settings = settings;
  assert.deepEqual(actionsNow(world), []);
});

test("of a paused StreamJob certificates are renewed, and nothing else is done", () => {
  const world = runningWorld();
  world.annotate({ "streamjob.dev/paused": "true" });
  world.look();
  world.remove("StatefulSet/wc-1-taskmanager");
  assert.deepEqual(actionsNow(world), []);
  world.advance(policy.renewEveryMs);
  assert.deepEqual(
    actionsNow(world).map(({ kind }) => kind),
    ["issueCertificates"],
  );
});
