import assert from "node:assert/strict";
import test from "node:test";
import fc from "fast-check";
import type { StreamJobSpec } from "../../../crds/index.ts";
import { canonicalJson, isSameJson, revisionHash, runtimePart } from "./revision.ts";

const spec: StreamJobSpec = {
  job: { module: "/job.ts", args: ["a"] },
  parallelism: 2,
  config: { a: "1", b: "2" },
  taskManager: { replicas: 2, slots: 1 },
};

test("REV1: the hash is stable under the order of keys, at every depth", () => {
  const permuted = {
    taskManager: { slots: 1, replicas: 2 },
    config: { b: "2", a: "1" },
    parallelism: 2,
    job: { args: ["a"], module: "/job.ts" },
  };
  assert.equal(revisionHash(permuted), revisionHash(spec));
});

test("REV1: the hash of a spec is the same in every version of the operator", () => {
  assert.equal(revisionHash(spec), "be6c1278ad");
});

test("a field that only the operator reads changes no revision, any other does", () => {
  const more = {
    state: "suspended",
    upgrade: { rollback: false },
    savepointNonce: 1,
    restore: { path: "/a" },
  } as const;
  assert.equal(revisionHash({ ...spec, ...more }), revisionHash(spec));
  assert.deepEqual(runtimePart({ ...spec, ...more }), spec);
  assert.notEqual(revisionHash({ ...spec, restartNonce: 1 }), revisionHash(spec));
  assert.notEqual(revisionHash({ ...spec, job: { module: "/job.ts", args: ["b"] } }), revisionHash(spec));
});

test("two values are the same JSON exactly when their canonical texts are", () => {
  fc.assert(
    fc.property(fc.jsonValue({ maxDepth: 3 }), fc.jsonValue({ maxDepth: 3 }), (a, b) => {
      assert.equal(isSameJson(a, b), canonicalJson(a) === canonicalJson(b));
      assert.ok(isSameJson(a, JSON.parse(canonicalJson(a))));
    }),
  );
});
