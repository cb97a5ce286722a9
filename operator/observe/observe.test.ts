/**
 * What one look finds of a StreamJob's objects.
 */
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import type { KubernetesObject } from "../../crds/index.ts";
import type { ControllerRevision, Service } from "../kubernetes/api/index.ts";
import { jobLabels, ownedBy, restServiceName } from "../engine/index.ts";
import {
  activeIn,
  answering,
  EARLIER_UID,
  incarnation,
  job,
  lookAt,
  operation,
  owned,
  pod,
  set,
  snapshot,
  status,
} from "./hand-written-world.test-support.ts";

describe("a look at a StreamJob", () => {
  it("is null when there is none of that name", async () => {
    assert.equal((await lookAt({ objects: [] })).look, null);
  });

  it("finds each incarnation with all of its objects", async () => {
    const owner = job({ status: status({ active: activeIn(1), incarnations: 1 }) });
    const { look, asked } = await lookAt({ objects: [owner, ...incarnation(owner, 1)] });
    const [first, ...others] = look?.observed.incarnations ?? [];
    assert.equal(others.length, 0);
    assert.equal(first?.number, 1);
    assert.deepEqual(
      [first?.configMap, first?.service, first?.jobManagerSet, first?.taskManagerSet].map(
        (each) => each?.metadata.name,
      ),
      ["wc-1-9640a9f4", "wc-1", "wc-1-jobmanager", "wc-1-taskmanager"],
    );
    assert.deepEqual(
      first?.pods.map(({ metadata }) => metadata.name),
      ["wc-1-jobmanager-0", "wc-1-taskmanager-0"],
    );
    assert.equal(first?.jobManager.kind, "answering");
    assert.deepEqual(asked, ["incarnation 1"]);
  });

  it("finds an incarnation's ConfigMap whatever another version of the operator has called it (CHIL3)", async () => {
    const owner = job();
    const [configMap, ...others] = incarnation(owner, 1);
    const named = { ...configMap, metadata: { ...configMap?.metadata, name: "wc-1" } } as KubernetesObject;
    const { look } = await lookAt({ objects: [owner, named, ...incarnation(owner, 2), ...others] });
    const names = look?.observed.incarnations.map(({ configMap: found }) => found?.metadata.name);
    assert.deepEqual(names, ["wc-1", "wc-2-9640a9f4"]);
  });

  it("does not take objects of an earlier StreamJob of the same name for its own (OB2)", async () => {
    const earlier = job({ uid: EARLIER_UID });
    const strangers = incarnation(earlier, 1);
    const rest: Service = {
      apiVersion: "v1",
      kind: "Service",
      metadata: owned(earlier, restServiceName("wc"), jobLabels("wc")),
      spec: { ports: [] },
    };
    const { look, asked } = await lookAt({ objects: [job(), ...strangers, rest] });
    assert.deepEqual(look?.observed.incarnations, []);
    assert.equal(look?.observed.restService, null);
    assert.deepEqual(asked, []);
    // CHI5
    assert.deepEqual(look?.observed.earlierPods, new Map([[1, ["wc-1-jobmanager-0", "wc-1-taskmanager-0"]]]));
  });

  it("does not take what it owns without controlling it for a child", async () => {
    const owner = job();
    const [configMap] = incarnation(owner, 1);
    const reference = { ...ownedBy(owner), controller: false };
    const shared = { ...configMap, metadata: { ...configMap?.metadata, ownerReferences: [reference] } };
    const { look } = await lookAt({ objects: [owner, shared as KubernetesObject] });
    assert.deepEqual(look?.observed.incarnations, []);
  });

  it("counts a pod whose StatefulSet is gone, but not one that is older than the StreamJob (CHIL2)", async () => {
    const owner = job();
    const orphan = pod(set(owner, 4, "taskmanager"));
    const old = pod(set(owner, 3, "taskmanager"), { createdAt: "2030-12-31T23:59:59Z" });
    const { look } = await lookAt({ objects: [owner, orphan, old] });
    assert.deepEqual(
      look?.observed.incarnations.map(({ number }) => number),
      [4],
    );
  });

  it("is the same whatever the order in which objects were listed (OV3)", async () => {
    const owner = job({ status: status({ active: activeIn(1), operation: operation({}), incarnations: 2 }) });
    const snapshots = [snapshot("b", "memory:///b"), snapshot("a", "memory:///a")];
    const objects = [owner, ...incarnation(owner, 2), ...incarnation(owner, 1), ...snapshots];
    const forth = await lookAt({ objects });
    const back = await lookAt({ objects: objects.toReversed() });
    assert.deepEqual(back.look, forth.look);
    assert.deepEqual(
      forth.look?.observed.snapshots.map(({ metadata }) => metadata.name),
      ["a", "b"],
    );
  });

  it("reads revisions by number, and leaves out what cannot be read", async () => {
    const owner = job();
    const revision = (hash: string, number: number, data: object): ControllerRevision => ({
      apiVersion: "apps/v1",
      kind: "ControllerRevision",
      metadata: owned(owner, `wc-${hash}`, jobLabels("wc")),
      revision: number,
      data,
    });
    const { spec } = owner;
    const { look } = await lookAt({
      objects: [
        owner,
        revision("bbb", 2, { generation: 3, spec }),
        revision("aaa", 1, { generation: 1, spec }),
        revision("ccc", 3, { spec: "?" }),
      ],
    });
    assert.deepEqual(
      look?.observed.revisions.map(({ name, hash, number, generation }) => [name, hash, number, generation]),
      [
        ["wc-aaa", "aaa", 1, 1],
        ["wc-bbb", "bbb", 2, 3],
      ],
    );
  });

  it("asks nothing when the status cannot be read, and takes nothing for gone (OB1)", async () => {
    const owner = job({ status: { incarnations: "many" } });
    const { look, asked } = await lookAt({ objects: [owner, ...incarnation(owner, 1)] });
    assert.deepEqual(asked, []);
    assert.equal(look?.observed.incarnations[0]?.jobManager.kind, "unreachable");
  });

  it("is of one moment, whatever becomes of the job while its JobManagers are asked (OV4)", async () => {
    const owner = job({ status: status({ active: activeIn(1), incarnations: 1 }) });
    const rest: Service = {
      apiVersion: "v1",
      kind: "Service",
      metadata: owned(owner, restServiceName("wc"), jobLabels("wc")),
      spec: { ports: [] },
    };
    const revision: ControllerRevision = {
      apiVersion: "apps/v1",
      kind: "ControllerRevision",
      metadata: owned(owner, "wc-aaa", jobLabels("wc")),
      revision: 1,
      data: { generation: 1, spec: owner.spec },
    };
    const objects = [owner, rest, revision, snapshot("s", "memory:///s"), ...incarnation(owner, 1)];
    const calm = await lookAt({ objects: [...objects] });
    const { look } = await lookAt({
      objects,
      calls: {
        incarnation: async (target) => {
          objects.length = 0;
          return { kind: "answer", value: answering(target) };
        },
      },
    });
    assert.deepEqual(objects, []);
    assert.deepEqual(look?.observed, calm.look?.observed);
    assert.equal(look?.observed.revisions.length, 1);
  });
});
