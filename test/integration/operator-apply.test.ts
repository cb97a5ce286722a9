/**
 * Plans carried out against the API server in memory: what is written, in which order, and what stops it.
 */
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { CLEANUP_FINALIZER } from "../../crds/index.ts";
import { operatorFailpointNames } from "../../operator/apply/index.ts";
import { ApiError, type ConfigMap, type KubernetesApi } from "../../operator/kubernetes/api/index.ts";
import { type GateAnswer } from "../../operator/kubernetes/machinery/index.ts";
import type { Action, Plan } from "../../operator/reconcile/index.ts";
import { controllerRevision, restService } from "../../operator/engine/index.ts";
import {
  NAMESPACE,
  key,
  ID,
  wordCount,
  createWorld,
  statusWith,
  configMap,
  issue,
  snapshotOf,
  recordOf,
  applyChild,
  tryPod,
  reasonOf,
} from "./apply-world.ts";

describe("carrying out a plan", () => {
  it("writes the status first, then does the actions in order, and tells the events (PL1)", async () => {
    const world = await createWorld();
    const job = await world.job();
    const outcome = await world.carryOut({
      status: statusWith({ phase: "Deploying", observedGeneration: 1 }),
      actions: [{ kind: "addFinalizer" }, applyChild(configMap(job)), applyChild(configMap(job, "wc-2"))],
      events: [{ type: "Normal", reason: "DeployStarted", note: "…" }],
    });
    assert.deepEqual(outcome, { kind: "done", changes: 4 });
    assert.deepEqual(world.writes, [
      "updateStatus StreamJob wc",
      "patch StreamJob wc",
      "apply ConfigMap wc-1",
      "apply ConfigMap wc-2",
    ]);
    assert.deepEqual(world.events, ["DeployStarted"]);
    const written = await world.job();
    assert.equal(written.status?.phase, "Deploying");
    assert.deepEqual(written.metadata.finalizers, [CLEANUP_FINALIZER]);
    assert.deepEqual(written.spec, wordCount.spec);
  });

  it("can be read back from the caches at once (AP4)", async () => {
    const world = await createWorld();
    const job = await world.job();
    await world.carryOut({ status: statusWith({ phase: "Deploying" }), actions: [applyChild(configMap(job))] });
    assert.equal(world.caches.StreamJob.get(key)?.status?.phase, "Deploying");
    const child = world.caches.ConfigMap.get({ namespace: NAMESPACE, name: "wc-1" });
    assert.notEqual(child, null);
    await world.carryOut({
      actions: [
        { kind: "deleteChild", objectKind: "ConfigMap", name: "wc-1", uid: child?.metadata.uid ?? "", why: "old" },
      ],
    });
    const left = world.caches.ConfigMap.get({ namespace: NAMESPACE, name: "wc-1" });
    assert.ok(left === null || left.metadata.deletionTimestamp !== undefined);
  });

  it("does nothing at all when the status was changed by another meanwhile (P-22)", async () => {
    const world = await createWorld();
    const stale = await world.job();
    await world.api.updateStatus("StreamJob", { ...stale, status: statusWith({ phase: "Running" }) });
    const plan = { status: statusWith({ phase: "Failed" }), actions: [applyChild(configMap(stale))] };
    const outcome = await world.carryOut(
      { ...plan, events: [{ type: "Normal", reason: "Stable", note: "" }] },
      { job: stale },
    );
    assert.equal(outcome.kind, "outdated");
    assert.deepEqual(world.writes, ["updateStatus StreamJob wc"]);
    assert.deepEqual(world.events, []);
    assert.equal((await world.job()).status?.phase, "Running");
  });

  it("does no action of a status that another has replaced, though it writes none itself (AP6)", async () => {
    const world = await createWorld();
    const stale = await world.job();
    const call: Action = { kind: "triggerStop", incarnation: 1, jobId: ID, triggerId: ID, target: "memory:///s" };
    const newer = await world.api.updateStatus("StreamJob", { ...stale, status: statusWith({ phase: "Running" }) });
    await world.seen(newer);
    for (const action of [applyChild(configMap(stale)), call]) {
      const outcome = await world.carryOut({ actions: [action] }, { job: stale });
      assert.deepEqual(
        [outcome.kind, reasonOf(outcome)],
        ["outdated", "the status of StreamJob wc was changed by another writer in the meantime"],
      );
    }
    const edited = await world.api.patch("StreamJob", key, { spec: { parallelism: 3 } });
    await world.seen(edited);
    const outcome = await world.carryOut({ actions: [applyChild(configMap(newer))] }, { job: newer });
    assert.equal(outcome.kind, "done", "an edited spec does not keep what is on record from being done (PP1)");
    assert.deepEqual([world.writes, world.jobManagers.calls], [["apply ConfigMap wc-1"], []]);
  });

  it("makes nothing for a StreamJob that is gone, or another of its name (AP6)", async () => {
    const world = await createWorld();
    const stale = await world.job();
    await world.api.delete("StreamJob", key);
    await world.seen(null);
    const revision = controllerRevision(stale, 1, "abc", { generation: 1, spec: stale.spec });
    const plan: Partial<Plan> = { actions: [{ kind: "createRevision", revision }] };
    assert.match(reasonOf(await world.carryOut(plan, { job: stale })), /^StreamJob wc \(uid .*\) is gone$/);
    await world.seen(await world.api.create("StreamJob", wordCount));
    assert.equal((await world.carryOut(plan, { job: stale })).kind, "outdated");
    assert.deepEqual(world.writes, []);
  });

  it("writes a status that only labels and foreign annotations have outdated, and goes on (OO2)", async () => {
    const world = await createWorld();
    const stale = await world.job();
    const metadata = { labels: { team: "shop" }, annotations: { "example.org/seen": "now" } };
    await world.api.patch("StreamJob", key, { metadata });
    const plan = { status: statusWith({ phase: "Running" }), actions: [applyChild(configMap(stale))] };
    const outcome = await world.carryOut(plan, { job: stale });
    assert.deepEqual(outcome, { kind: "done", changes: 2 });
    const job = await world.job();
    assert.equal(job.status?.phase, "Running");
    assert.deepEqual([job.metadata.labels, job.metadata.annotations?.["example.org/seen"]], [{ team: "shop" }, "now"]);
  });

  it("does not write a status that an order of a person has outdated, nor one whose object keeps changing (OO2)", async () => {
    const world = await createWorld();
    const status = statusWith({ phase: "Running" });
    for (const change of [
      { metadata: { annotations: { "streamjob.dev/paused": "true" } } },
      { metadata: { finalizers: ["example.org/hold"] } },
      { spec: { parallelism: 3 } },
    ]) {
      const stale = await world.job();
      await world.api.patch("StreamJob", key, change);
      assert.equal((await world.carryOut({ status }, { job: stale })).kind, "outdated", JSON.stringify(change));
    }
    let looks = 0;
    const restless: KubernetesApi = {
      ...world.api,
      updateStatus: async (kind, object, options) => {
        await world.api.patch("StreamJob", key, { metadata: { labels: { look: String(++looks) } } });
        return world.api.updateStatus(kind, object, options);
      },
    };
    assert.equal((await world.carryOut({ status }, { deps: { api: restless } })).kind, "outdated");
    assert.equal(looks, 5);
    assert.equal((await world.job()).status?.phase, undefined);
  });

  it("goes on after an action that was refused, and begins nothing that is built on it (PL3)", async () => {
    const world = await createWorld();
    const job = await world.job();
    world.jobManagers.misbehaviours.set("wc", "refused");
    const outcome = await world.carryOut({
      actions: [
        { kind: "triggerStop", incarnation: 1, jobId: ID, triggerId: ID, target: "memory:///s" },
        applyChild(configMap(job)),
        { kind: "removeFinalizer" },
      ],
    });
    assert.equal(outcome.kind, "refused");
    assert.match(reasonOf(outcome), /incarnation 1 refused the call \(409\): not now/);
    assert.deepEqual(world.writes, ["apply ConfigMap wc-1"]);
  });

  it("ends when the look's time is over, though the API server hangs", async () => {
    const world = await createWorld();
    const job = await world.job();
    const deadline = new AbortController();
    const hanging: KubernetesApi = {
      ...world.api,
      apply: () => {
        deadline.abort(new Error("over"));
        return new Promise(() => {});
      },
    };
    const outcome = await world.carryOut(
      { actions: [applyChild(configMap(job))] },
      { deps: { api: hanging }, signal: deadline.signal },
    );
    assert.equal(outcome.kind, "stopped");
    const slow = { ...hanging, apply: () => new Promise<never>(() => {}) };
    const late = await world.carryOut(
      { actions: [applyChild(configMap(job))] },
      { deps: { api: slow, callTimeoutMs: 20 } },
    );
    assert.match(reasonOf(late), /no answer from the API server in 20 ms/);
  });
});

describe("the gate (P-32)", () => {
  it("is asked before every write and every call; shut, nothing is sent", async () => {
    const world = await createWorld();
    const job = await world.job();
    const shut: GateAnswer = { kind: "shut", reason: "the lease is lost" };
    const gate = { ask: () => shut };
    const outcome = await world.carryOut({ status: statusWith({ phase: "Running" }) }, { deps: { gate } });
    assert.deepEqual(outcome, { kind: "notLeading", action: "writeStatus", reason: "the lease is lost" });
    const call: Action = { kind: "triggerStop", incarnation: 1, jobId: ID, triggerId: ID, target: "memory:///s" };
    for (const action of [call, applyChild(configMap(job))]) {
      assert.equal((await world.carryOut({ actions: [action] }, { deps: { gate } })).kind, "notLeading");
    }
    assert.deepEqual(world.writes, []);
    assert.deepEqual(world.jobManagers.calls, []);
  });

  it("stops a process that stood still before a call, though it led when the plan began", async () => {
    const world = await createWorld();
    let isLeading = true;
    const gate = { ask: (): GateAnswer => (isLeading ? { kind: "open" } : { kind: "shut", reason: "lost" }) };
    const reach = (name: string): void => {
      if (name === "op:before-trigger-stop") isLeading = false;
    };
    const outcome = await world.carryOut(
      {
        status: statusWith({ phase: "Upgrading" }),
        actions: [{ kind: "triggerStop", incarnation: 1, jobId: ID, triggerId: ID, target: "memory:///s" }],
      },
      { deps: { gate, reach } },
    );
    assert.equal(outcome.kind, "notLeading");
    assert.deepEqual(world.jobManagers.calls, []);
  });
});

describe("names that are taken (P-10, P-19)", () => {
  it("a child of an earlier StreamJob of the same name is neither changed nor taken over", async () => {
    const world = await createWorld();
    const job = await world.job();
    const theirs: ConfigMap = {
      ...configMap(job),
      metadata: { name: "wc-1", namespace: NAMESPACE, ownerReferences: [] },
    };
    await world.api.create("ConfigMap", theirs);
    const outcome = await world.carryOut({ actions: [applyChild(configMap(job, "wc-1", "2"))] });
    assert.equal(outcome.kind, "refused");
    assert.match(reasonOf(outcome), /ConfigMap wc-1 already exists and has no owner/);
    const kept = await world.api.get("ConfigMap", { namespace: NAMESPACE, name: "wc-1" });
    assert.deepEqual(kept?.data, { "config.json": "1" });
  });

  it("a child that is being deleted is waited for", async () => {
    const world = await createWorld();
    const job = await world.job();
    const child = configMap(job);
    await world.api.create("ConfigMap", {
      ...child,
      metadata: { ...child.metadata, finalizers: ["example.com/keep"] },
    });
    await world.api.delete("ConfigMap", { namespace: NAMESPACE, name: "wc-1" });
    const outcome = await world.carryOut({ actions: [applyChild(child)] });
    assert.match(reasonOf(outcome), /is being deleted/);
  });

  it("a revision of the same owner that is there already is done; another's is not taken", async () => {
    const world = await createWorld();
    const job = await world.job();
    const revision = controllerRevision(job, 1, "abc", { generation: 1, spec: job.spec });
    const create: Action = { kind: "createRevision", revision };
    assert.equal((await world.carryOut({ actions: [create] })).kind, "done");
    assert.equal((await world.carryOut({ actions: [create] })).kind, "done");
    const stranger = controllerRevision({ ...job, metadata: { ...job.metadata, uid: "u" } }, 1, "xyz", {
      generation: 1,
      spec: job.spec,
    });
    const kept = {
      ...stranger,
      metadata: { ...stranger.metadata, ownerReferences: [], finalizers: ["example.com/keep"] },
    };
    await world.api.create("ControllerRevision", kept);
    const mine: Action = {
      kind: "createRevision",
      revision: { ...revision, metadata: { ...revision.metadata, name: "wc-xyz" } },
    };
    assert.equal((await world.carryOut({ actions: [mine] })).kind, "refused");
  });

  it("a snapshot of another job is not taken for ours", async () => {
    const world = await createWorld();
    await world.api.create("StreamJobSnapshot", snapshotOf("s", "other"));
    const outcome = await world.carryOut({ actions: [{ kind: "createSnapshot", snapshot: snapshotOf("s") }] });
    assert.match(reasonOf(outcome), /already exists: it belongs to StreamJob other/);
  });

  it("a deletion spares what has come in its place, and counts what is gone as done", async () => {
    const world = await createWorld();
    const job = await world.job();
    await world.carryOut({ actions: [applyChild(configMap(job))] });
    const remove = (name: string): Action => ({
      kind: "deleteChild",
      objectKind: "ConfigMap",
      name,
      uid: "of-the-one-before",
      why: "old",
    });
    const outcome = await world.carryOut({ actions: [remove("wc-1"), remove("wc-9")] });
    assert.equal(outcome.kind, "done");
    assert.notEqual(await world.api.get("ConfigMap", { namespace: NAMESPACE, name: "wc-1" }), null);
  });

  it("a finalizer is not added to what is being deleted", async () => {
    const world = await createWorld();
    const job = await world.job();
    const deleting = { ...job, metadata: { ...job.metadata, deletionTimestamp: "2031-01-01T00:00:00Z" } };
    const outcome = await world.carryOut({ actions: [{ kind: "addFinalizer" }] }, { job: deleting });
    assert.equal(outcome.kind, "outdated");
    assert.deepEqual(world.writes, []);
  });
});

describe("the savepoint of a deletion (SA2)", () => {
  const location = "memory:///gone";
  const record: Action[] = [
    { kind: "recordSavepoint", snapshot: recordOf("gone"), location },
    { kind: "removeFinalizer" },
  ];

  it("does not hold up the deletion when the API server refuses its object, and people are told where it is", async () => {
    const world = await createWorld();
    const create = () => Promise.reject(new ApiError("Forbidden", "namespace shop is being terminated"));
    const outcome = await world.carryOut({ actions: record }, { deps: { api: { ...world.api, create } } });
    assert.equal(outcome.kind, "done", reasonOf(outcome));
    assert.deepEqual(world.events, ["SavepointUnlisted"]);
  });

  it("is left to the next leader by one that leads no more", async () => {
    const world = await createWorld();
    let asked = 0;
    const gate = { ask: (): GateAnswer => (asked++ === 0 ? { kind: "open" } : { kind: "shut", reason: "lost" }) };
    const outcome = await world.carryOut({ actions: record }, { deps: { gate } });
    assert.deepEqual([outcome.kind, world.events, world.writes], ["notLeading", [], []]);
  });

  it("waits for an API server that could take it, and ends what an earlier try began", async () => {
    const world = await createWorld();
    const updateStatus = () => Promise.reject(new ApiError("Unavailable", "no connection"));
    const first = await world.carryOut({ actions: record }, { deps: { api: { ...world.api, updateStatus } } });
    assert.equal(first.kind, "refused");
    assert.equal((await world.carryOut({ actions: record })).kind, "done");
    const stored = await world.api.get("StreamJobSnapshot", { namespace: NAMESPACE, name: "gone" });
    assert.equal(stored?.status?.location, location);
    assert.deepEqual(world.events, []);
  });
});

describe("every action", () => {
  it("can be done twice with the same effect (PL2), and every failpoint is reached before and after", async () => {
    const world = await createWorld();
    const job = await world.job();
    for (const name of ["old", "new"]) {
      await world.carryOut({ actions: [{ kind: "createSnapshot", snapshot: snapshotOf(name) }] });
    }
    const { finalizers: _, ...bare } = snapshotOf("bare").metadata;
    await world.carryOut({
      actions: [{ kind: "createSnapshot", snapshot: { ...snapshotOf("bare"), metadata: bare } }],
    });
    const old = await world.api.get("StreamJobSnapshot", { namespace: NAMESPACE, name: "old" });
    const uid = old?.metadata.uid ?? "";
    await world.carryOut({ actions: [applyChild(configMap(job, "wc-0"))] });
    const child = await world.api.get("ConfigMap", { namespace: NAMESPACE, name: "wc-0" });
    const target = "memory:///s";
    const calls: Action[] = [
      { kind: "triggerSavepoint", incarnation: 1, jobId: ID, triggerId: ID, target },
      { kind: "triggerCheckpoint", incarnation: 1, jobId: ID, triggerId: ID },
      { kind: "triggerStop", incarnation: 1, jobId: ID, triggerId: ID, target },
      {
        kind: "activate",
        incarnation: 2,
        jobId: "b".repeat(32),
        activation: {
          activationId: ID,
          from: { kind: "path", path: target, allowNonRestoredState: false },
          predecessors: [],
        },
      },
      { kind: "cancelJob", incarnation: 2, jobId: "b".repeat(32) },
      { kind: "disposeSavepoint", incarnation: 2, location: target, snapshot: "old" },
      { kind: "collectStore", incarnation: 2, storeUri: target, triggerId: ID },
    ];
    const writes: Action[] = [
      { kind: "addFinalizer" },
      { kind: "removeAnnotation", annotation: "streamjob.dev/approve" },
      { kind: "createRevision", revision: controllerRevision(job, 1, "abc", { generation: 1, spec: job.spec }) },
      { kind: "applyChild", object: restService(job, 1), why: "it is missing" },
      applyChild(configMap(job, "wc-9")),
      tryPod("wc-9-jobmanager-0"),
      issue(job, 9),
      { kind: "createSnapshot", snapshot: snapshotOf("new") },
      { kind: "holdSnapshot", name: "bare" },
      { kind: "recordSavepoint", snapshot: recordOf("gone"), location: "memory:///gone" },
      { kind: "releaseSnapshot", name: "old" },
      { kind: "deleteSnapshot", name: "old", uid },
      { kind: "deleteRevision", name: "wc-abc" },
      { kind: "deleteChild", objectKind: "ConfigMap", name: "wc-0", uid: child?.metadata.uid ?? "", why: "old" },
      { kind: "removeFinalizer" },
    ];
    for (const round of [1, 2]) {
      const outcome = await world.carryOut({
        status: statusWith({ phase: "Running" }),
        actions: [...calls, ...writes],
      });
      assert.equal(outcome.kind, "done", `round ${round}: ${reasonOf(outcome)}`);
    }
    const fresh = await world.api.get("StreamJobSnapshot", { namespace: NAMESPACE, name: "new" });
    const status = { phase: "Completed" as const, location: target, observedGeneration: 1 };
    const done = await world.carryOut({
      actions: [
        { kind: "writeSnapshotStatus", name: "new", resourceVersion: fresh?.metadata.resourceVersion ?? "", status },
      ],
    });
    assert.equal(done.kind, "done", reasonOf(done));
    const unreached = operatorFailpointNames.filter((name) => !world.reached.includes(name));
    assert.deepEqual(unreached, []);
    const left = (await world.api.list("StreamJobSnapshot")).items;
    assert.deepEqual(
      left
        .map(({ metadata, status }) => `${metadata.name} ${metadata.finalizers?.length ?? 0} ${status?.phase}`)
        .sort(),
      ["bare 1 undefined", "gone 0 Completed", "new 1 Completed"],
    );
    assert.deepEqual(world.events, []);
    assert.deepEqual((await world.job()).metadata.annotations ?? {}, {});
  });

  it("is bound to the version that was looked at: a snapshot's status and release too", async () => {
    const world = await createWorld();
    await world.carryOut({ actions: [{ kind: "createSnapshot", snapshot: snapshotOf("s") }] });
    const status = { phase: "Completed" as const, observedGeneration: 1 };
    const outcome = await world.carryOut({
      actions: [{ kind: "writeSnapshotStatus", name: "s", resourceVersion: "1", status }],
    });
    assert.equal(outcome.kind, "outdated");
  });

  it("whose failure is the API server's is refused with its reason, not outdated", async () => {
    const world = await createWorld();
    const job = await world.job();
    const down: KubernetesApi = {
      ...world.api,
      apply: () => Promise.reject(new ApiError("Unavailable", "no connection")),
    };
    const outcome = await world.carryOut({ actions: [applyChild(configMap(job))] }, { deps: { api: down } });
    assert.deepEqual([outcome.kind, reasonOf(outcome)], ["refused", "no connection"]);
  });
});
