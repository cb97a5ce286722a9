import assert from "node:assert/strict";
import test from "node:test";
import type { StreamJobSpec } from "../../crds/index.ts";
import type { Engine } from "../engine/index.ts";
import { nativeEngine } from "../engine-native/index.ts";
import { preview } from "./preview.ts";
import { settings, SimulatedWorld, specOf } from "./simulated-world.test-support.ts";

const more: Partial<StreamJobSpec> = { upgrade: { stability: { window: "3s" }, deployTimeout: "20s" } };

/** A job that runs on an engine that lacks something. */
function running(lacks: Partial<Engine>): SimulatedWorld {
  const world = new SimulatedWorld(specOf("good", 1, more));
  world.settings = { ...settings, engine: { ...nativeEngine, ...lacks } };
  assert.ok(world.settle());
  return world;
}

/** Upgrades it; what was seen look by look. */
function upgraded(world: SimulatedWorld) {
  world.patch((old) => ({ ...old, ...specOf("good", 2, more) }));
  const steps = new Set<string>();
  let isTogether = false;
  world.run(60_000, () => {
    const { operation } = world.status;
    if (operation !== undefined) steps.add(`${operation.standby} ${operation.step}`);
    const of = (incarnation: number) => world.podNames.some((name) => name.startsWith(`wc-${incarnation}-`));
    isTogether ||= of(1) && of(2);
    return operation === undefined && world.status.active?.incarnation === 2;
  });
  assert.equal(world.status.active?.incarnation, 2);
  assert.deepEqual(world.violations, []);
  return { steps: [...steps], isTogether };
}

const unblocked = (world: SimulatedWorld) => {
  const condition = world.status.conditions.find(({ type }) => type === "UpgradeBlocked");
  return [condition?.status, condition?.reason];
};

test("ENG2: an engine that can do all upgrades warm, and says nothing of it", () => {
  const world = running({});
  assert.deepEqual(unblocked(world), ["False", "NotBlocked"]);
  const { steps, isTogether } = upgraded(world);
  assert.equal(isTogether, true);
  assert.ok(steps.includes("warm Preflight"), steps.join());
});

test("ENG2: with an engine that cannot stand by a warm upgrade is a cold one, and a condition says so before", () => {
  const world = running({ canStandBy: false });
  assert.deepEqual(unblocked(world), ["False", "NoStandby"]);
  const spec = { ...specOf("good", 2, more), upgrade: { ...more.upgrade, standby: "cold" } } as const;
  const { steps, isTogether } = upgraded(world);
  assert.equal(isTogether, false);
  assert.ok(steps.length > 0 && steps.every((step) => step.startsWith("cold ")), steps.join());
  world.patch(() => spec);
  assert.ok(world.settle());
  assert.deepEqual(unblocked(world), ["False", "NotBlocked"], "who asks for cold gets what was asked for");
});

test("ENG2: an engine that cannot check the state beforehand is not asked to, nor is it said that it does", () => {
  const world = running({ canPreflight: false });
  const { job, settings: own, nowMs } = world;
  assert.ok(job !== null);
  const next = { ...job, spec: specOf("good", 2, more) };
  const told = preview({ ...world.observe(), job: next }, own.engine, nowMs).begins?.steps;
  assert.deepEqual(told, ["Standby", "Stopping", "Activating", "Proving"]);
  const { steps, isTogether } = upgraded(world);
  assert.equal(isTogether, true);
  assert.ok(!steps.includes("warm Preflight"), steps.join());
});
