import assert from "node:assert/strict";
import test from "node:test";
import type { ProgramSource, StreamJobSpec } from "../../../crds/index.ts";
import type { ObservedIncarnation } from "../facts/observed.ts";
import { reconcile } from "../reconcile.ts";
import { settings, SimulatedWorld, specOf } from "../simulated-world.test-support.ts";
import type { Child } from "./plan.ts";

const args = Array.from({ length: 50 }, () => "x".repeat(1000));
const jobs: Readonly<Record<ProgramSource["kind"], StreamJobSpec["job"]>> = {
  module: { module: "/job.ts", args },
  inline: { inline: "export {};", args },
  sql: { sql: "SET 'a' = 'b'", args },
  configMap: { configMap: { name: "code", key: "job.ts" }, args },
};

/** The first incarnation's, of a StreamJob with that uid. */
function madeFor(uid: string, job: StreamJobSpec["job"]): readonly Child[] {
  const made: Child[] = [];
  new SimulatedWorld({ ...specOf("good", 1, {}), job }, {}, uid).run(20_000, ({ actions }) => {
    made.push(...actions.flatMap((action) => (action.kind === "applyChild" ? [action.object] : [])));
    return made.filter(({ kind }) => kind === "StatefulSet").length >= 2;
  });
  return made;
}

/** The ConfigMaps that pods of a set are told of. */
const toldOf = (sets: readonly unknown[]): readonly string[] =>
  [...JSON.stringify(sets).matchAll(/"configMap(?:KeyRef)?":\{"name":"([^"]*)"/g)].map(([, name = ""]) => name);

for (const [kind, job] of Object.entries(jobs))
  test(`NM3 P-19 pods of a StreamJob that was made anew are told of no ConfigMap of the one before it: ${kind}`, () => {
    const [before, after] = ["11111111-1111-4111-8111-111111111111", "11111111-1111-4111-8111-111111111112"].map(
      (uid) => {
        const made = madeFor(uid, job);
        const [configMap] = made.filter((child) => child.kind === "ConfigMap");
        const told = toldOf(made.filter((child) => child.kind === "StatefulSet"));
        assert.ok(told.length >= 4, "a variable and a volume of each of two sets");
        assert.deepEqual([...new Set(told)], [configMap?.metadata.name]);
        return configMap?.metadata.name;
      },
    );
    assert.match(before ?? "", /^wc-1-[0-9a-f]{8}$/);
    assert.notEqual(before, after);
  });

/** What is applied, when what is there was made by an operator that called the ConfigMap `wc-1`. */
function appliedTo(change: (there: ObservedIncarnation) => ObservedIncarnation): readonly Child[] {
  const world = new SimulatedWorld(specOf("good", 1, {}));
  assert.ok(world.settle());
  const observed = world.observe();
  const incarnations = observed.incarnations.map((there) => {
    const text = JSON.stringify(there).replaceAll(there.configMap?.metadata.name ?? "", "wc-1");
    return change(JSON.parse(text) as ObservedIncarnation);
  });
  const { actions } = reconcile({ ...observed, incarnations }, settings, world.nowMs);
  return actions.flatMap((action) => (action.kind === "applyChild" ? [action.object] : []));
}

test("CHI6 what is made again of an incarnation names its ConfigMap as another version of the operator has named it", () => {
  assert.deepEqual(
    appliedTo((there) => there),
    [],
  );
  assert.deepEqual(
    appliedTo((there) => ({ ...there, configMap: null })).map(({ metadata }) => metadata.name),
    ["wc-1"],
  );
  const sets = appliedTo((there) => ({ ...there, jobManagerSet: null, taskManagerSet: null }));
  assert.deepEqual([sets.map(({ kind }) => kind), toldOf(sets)], [Array(2).fill("StatefulSet"), Array(2).fill("wc-1")]);
  for (const gone of ["jobManagerSet", "taskManagerSet"] as const) {
    const applied = appliedTo((there) => ({ ...there, [gone]: null }));
    assert.deepEqual([applied.map(({ kind }) => kind), toldOf(applied)], [["StatefulSet"], ["wc-1"]]);
    const both = appliedTo((there) => ({ ...there, configMap: null, [gone]: null }));
    assert.deepEqual(toldOf(both), ["wc-1"]);
    assert.deepEqual(both.find(({ kind }) => kind === "ConfigMap")?.metadata.name, "wc-1");
  }
});
