import assert from "node:assert/strict";
import test from "node:test";
import { type StreamJobSpec, withDefaults } from "../../../crds/index.ts";
import { compareSpecs, costOf, needsIncarnation, specChecks } from "./spec-changes.ts";

const small: StreamJobSpec = { job: { module: "/job.ts" } };
const resolve = (more: Partial<StreamJobSpec> = {}) => withDefaults({ ...small, ...more });

/** Paths of a resolved spec's fields, two levels deep where a check looks at a part. */
function fieldsOf(spec: object): string[] {
  return Object.entries(spec).flatMap(([field, value]) =>
    field === "jobManager" || field === "taskManager"
      ? Object.keys(value as object).map((part) => `${field}.${part}`)
      : [field],
  );
}

test("SPC2: each field of a resolved spec is in exactly one check, and reads what its name says", () => {
  const spec = resolve();
  assert.deepEqual(specChecks.map(({ field }) => field).sort(), fieldsOf(spec).sort());
  for (const { field, read } of specChecks) {
    const value = field.split(".").reduce<unknown>((inner, part) => (inner as Record<string, unknown>)[part], spec);
    assert.equal(read(spec), value, field);
  }
});

test("SPC2: a change of one field is seen by that field's check alone", () => {
  const spec = resolve();
  for (const { field } of specChecks) {
    const [first = "", second] = field.split(".");
    const outer = spec as unknown as Record<string, object>;
    const changed = second === undefined ? "changed" : { ...outer[first], [second]: "changed" };
    const other = { ...spec, [first]: changed } as typeof spec;
    assert.deepEqual(
      compareSpecs(spec, other).map((change) => change.field),
      [field],
    );
  }
});

const same: Readonly<Record<string, readonly [Partial<StreamJobSpec>, Partial<StreamJobSpec>]>> = {
  "defaults that are written out": [
    {},
    {
      parallelism: 1,
      stateBackend: "fs",
      checkpoints: { interval: "10s", retain: { count: 3 } },
      taskManager: { replicas: 1, slots: 1, pdb: true },
      upgrade: { mode: "savepoint", rollback: true },
      config: {},
    },
  ],
  "permuted maps": [
    { config: { a: "1", b: "2" }, jobManager: { resources: { limits: { cpu: "1", memory: "1Gi" } } } },
    { config: { b: "2", a: "1" }, jobManager: { resources: { limits: { memory: "1Gi", cpu: "1" } } } },
  ],
  "a duration in another unit": [{ checkpoints: { interval: "60s" } }, { checkpoints: { interval: "1m" } }],
};

for (const [name, [from, to]] of Object.entries(same)) {
  test(`P-1: ${name} are no change`, () => assert.deepEqual(compareSpecs(resolve(from), resolve(to)), []));
}

const costs: Readonly<Record<string, readonly [Partial<StreamJobSpec>, string, boolean]>> = {
  "another image": [{ image: "b" }, "savepointUpgrade", true],
  "another argument": [{ job: { module: "/job.ts", args: ["x"] } }, "savepointUpgrade", true],
  "more parallelism": [{ parallelism: 2 }, "rescale", true],
  "a restart asked for": [{ restartNonce: 1 }, "restart", true],
  "a budget": [{ jobManager: { pdb: true } }, "inPlace", false],
  "a suspension": [{ state: "suspended" }, "none", false],
  "another policy": [{ upgrade: { rollback: false }, recovery: { onFailed: "resume" } }, "none", false],
  "parallelism and image": [{ parallelism: 2, image: "b" }, "savepointUpgrade", true],
};

for (const [name, [to, cost, isNew]] of Object.entries(costs)) {
  test(`${name} costs ${cost}`, () => {
    const found = costOf(compareSpecs(resolve(), resolve(to)));
    assert.equal(found, cost);
    assert.equal(needsIncarnation(found), isNew);
  });
}
