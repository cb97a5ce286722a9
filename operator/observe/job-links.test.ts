/**
 * Which savepoints others need, and which snapshot a job starts from.
 */
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { type KubernetesObject, STORAGE_ANNOTATION, type StreamJob } from "../../crds/index.ts";
import { incarnationJobId } from "../reconcile/index.ts";
import { JobLinks } from "./job-links.ts";
import { job, lookAt, NAMESPACE, snapshot } from "./hand-written-world.test-support.ts";

describe("savepoints that others need", () => {
  const other = (spec: object, otherStatus: object = {}): StreamJob => ({
    ...job({ spec, status: otherStatus, uid: "other" }),
    metadata: { name: "other", namespace: NAMESPACE, uid: "other" },
  });
  const cases: readonly (readonly [string, KubernetesObject[], string[]])[] = [
    ["none", [], []],
    [
      "one that another restores from by its path, with a slash more",
      [other({ restore: { path: "memory:///s/" } })],
      ["memory:///s"],
    ],
    ["one that another restores from by its name", [other({ restore: { snapshot: "snap" } })], ["memory:///s"]],
    [
      "one that another's status names",
      [other({}, { lastSavepoint: { name: "x", time: "2031-01-01T00:00:00Z", path: "memory:///s" } })],
      ["memory:///s"],
    ],
    [
      "one in a status that cannot be read (JL2)",
      [other({}, { incarnations: "?", deep: [{ path: "memory:///s" }] })],
      ["memory:///s"],
    ],
    [
      "not one that another names in another namespace",
      [{ ...other({ restore: { path: "memory:///s" } }), metadata: { name: "other", namespace: "else" } }],
      [],
    ],
  ];
  for (const [what, objects, expected] of cases) {
    it(`are found: ${what}`, async () => {
      const { look } = await lookAt({ objects: [job(), snapshot("snap", "memory:///s"), ...objects] });
      assert.deepEqual([...(look?.observed.foreignReferences ?? [])], expected);
    });
  }

  it("are not the job's own references", async () => {
    const { look } = await lookAt({
      objects: [job({ spec: { restore: { path: "memory:///s" } } }), snapshot("snap", "memory:///s")],
    });
    assert.equal(look?.observed.foreignReferences.size, 0);
  });

  it("stores in which another job names a checkpoint are found, however it writes the way there and in whatever namespace", () => {
    const id = "0123456789abcdef0123456789abcdef";
    const links = new JobLinks();
    const before = other({ restore: { path: `s3a://bucket//jobs/apps/${id}/chk/0000000005.manifest` } });
    links.onJob({ before: null, after: before });
    assert.deepEqual(links.jobsThatNameStore(`s3://bucket/jobs/apps/${id}`), [`${NAMESPACE}/other`]);
    assert.deepEqual(links.jobsThatNameStore(`s3://bucket/jobs/apps/${id.replace("0", "1")}`), []);
    links.onJob({ before, after: other({}) });
    assert.deepEqual(links.jobsThatNameStore(`s3://bucket/jobs/apps/${id}`), []);
  });

  it("stores of every incarnation that others name are told, of which the status does not tell any more, too, when a person asks", async () => {
    const asking = job({ status: { incarnations: 3 } });
    const id = incarnationJobId(asking, 2);
    const objects = [other({ restore: { path: `s3://bucket/${id}/chk/0000000005.manifest` } })];
    assert.deepEqual((await lookAt({ objects: [asking, ...objects] })).look?.observed.storeNamers, []);
    const annotations = { [STORAGE_ANNOTATION]: "{}" };
    const asked = { ...asking, metadata: { ...asking.metadata, annotations } };
    const { look } = await lookAt({ objects: [asked, ...objects] });
    assert.deepEqual(look?.observed.storeNamers, [{ location: `/${id}`, by: `StreamJob ${NAMESPACE}/other` }]);
  });

  it("are forgotten with the reference, and snapshots with their deletion", () => {
    const links = new JobLinks();
    const before = other({ restore: { path: "memory:///s" } });
    links.onJob({ before: null, after: before });
    links.onJob({ before, after: other({}) });
    assert.deepEqual(links.jobsThatName(NAMESPACE, "memory:///s"), []);
    const snap = snapshot("snap", "memory:///s");
    links.onSnapshot({ before: null, after: snap });
    assert.deepEqual(links.snapshotsOf(NAMESPACE, "wc"), ["snap"]);
    links.onSnapshot({ before: snap, after: null });
    assert.deepEqual(links.snapshotsOf(NAMESPACE, "wc"), []);
  });

  it("the snapshot to restore from is missing, pending or completed", async () => {
    const restoring = job({ spec: { restore: { snapshot: "snap" } } });
    const missing = await lookAt({ objects: [restoring] });
    assert.deepEqual(missing.look?.observed.restoreSnapshot, { kind: "missing", name: "snap" });
    const done = await lookAt({ objects: [restoring, snapshot("snap", "memory:///s")] });
    assert.deepEqual(done.look?.observed.restoreSnapshot, {
      kind: "completed",
      name: "snap",
      location: "memory:///s",
    });
    const pending = { ...snapshot("snap", "memory:///s"), status: { phase: "InProgress" as const } };
    const wait = await lookAt({ objects: [restoring, pending as KubernetesObject] });
    assert.deepEqual(wait.look?.observed.restoreSnapshot, { kind: "pending", name: "snap", phase: "InProgress" });
  });
});
