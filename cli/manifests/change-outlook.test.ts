import assert from "node:assert/strict";
import { describe, it } from "node:test";
import type { StoredStreamJobStatus, StreamJob, StreamJobSpec } from "../../crds/index.ts";
import { nativeEngine } from "../../operator/engine-native/index.ts";
import { disruptionBudget, revisionName } from "../../operator/engine/index.ts";
import { type Known, preview, revisionHash, runtimePart } from "../../operator/reconcile/index.ts";
import { outlookOf } from "./change-outlook.ts";
import { activeOf, AT, operationOf, statusWith } from "./command-rig.test-support.ts";

const spec = (parts: Partial<StreamJobSpec> = {}): StreamJobSpec => ({ job: { module: "/wc.ts" }, ...parts });
/** What runs, as generation 1. */
const first = spec({ parallelism: 2 });
const revisionOf = (of: StreamJobSpec): string => revisionName("wc", revisionHash(of));
const revision = (of: StreamJobSpec, number: number): Known["revisions"][number] => ({
  name: revisionOf(of),
  hash: revisionHash(of),
  number,
  generation: number,
  spec: runtimePart(of),
});

const job = (parts: Partial<StreamJobSpec> = {}): StreamJob => ({
  apiVersion: "streamjob.dev/v1alpha1",
  kind: "StreamJob",
  metadata: { name: "wc", namespace: "default", uid: "u", generation: 2, finalizers: ["streamjob.dev/cleanup"] },
  spec: spec(parts),
});
const active = activeOf(revisionOf(first));
const stable = { generation: 1, revision: revisionOf(first) };
const jobId = active.jobId;
const running = statusWith(1, { active, stable, jobId, incarnations: 1 });
const ended = (status: "FINISHED" | "FAILED" | "CANCELED", savepoint: string | null = null) => ({
  ...active,
  ended: { status, at: AT, savepoint, message: "it threw" },
});

function outlook(next: StreamJob, status: StoredStreamJobStatus | null, known: Partial<Known> = {}): string {
  const changed = status === null ? next : { ...next, status };
  const observed: Known = {
    job: changed,
    revisions: [revision(first, 1)],
    snapshots: [],
    restoreSnapshot: { kind: "none" },
    disruptionBudgets: status === null ? [] : [disruptionBudget(next, "taskmanager", 1)],
    stopTrigger: null,
    preflight: null,
    incarnations: [{ number: 1, pods: [], jobManager: { kind: "unreachable", message: "silent" } }],
    ...known,
  };
  return outlookOf(changed, preview(observed, nativeEngine, Date.parse(AT))).join("\n");
}

function says(next: StreamJob, status: StoredStreamJobStatus | null, ...patterns: readonly RegExp[]): void {
  const text = outlook(next, status);
  for (const pattern of patterns) assert.match(text, pattern);
}

describe("what will happen", () => {
  it("to a new job depends on what it starts from", () => {
    const none = { incarnations: [], revisions: [] };
    const fresh = (parts: Partial<StreamJobSpec>, more: Partial<Known> = {}) =>
      outlook(job(parts), null, { ...none, ...more });
    assert.match(fresh({}), /deployed.*without state/);
    assert.match(fresh({ restore: { path: "/s/1" } }), /deployed, and starts from \/s\/1/);
    const restore = { snapshot: "s" };
    const missing = { kind: "missing", name: "s" } as const;
    assert.match(
      fresh({ restore }, { restoreSnapshot: missing }),
      /snapshot s, once that is Completed\n.*does not exist; nothing is started/,
    );
    const completed = { kind: "completed", name: "s", location: "/s/1" } as const;
    assert.match(fresh({ restore }, { restoreSnapshot: completed }), /starts from the snapshot s \(\/s\/1\)/);
    assert.match(fresh({ state: "suspended" }), /the job starts when it is resumed/);
  });

  it("says that state is lost where it is allowed, once", () => {
    const next = job({ upgrade: { allowNonRestoredState: true } });
    says(next, running, /no operator of the new version restores is lost.*allows it once/);
    const failed = { generation: 2, revision: revisionOf(next.spec), reason: "uid" };
    says(next, { ...running, failed }, /stops with a savepoint/);
    const handled = { nonRestoredStateAllowedTo: 4 };
    says(next, { ...running, handled }, /no longer applies: generation 4 used it/);
  });

  it("is nothing for what only the operator reads", () =>
    says(job({ parallelism: 2, deletion: { savepoint: true } }), running, /keeps running, and nothing/));

  it("is what changes beside the pods", () =>
    says(
      job({ parallelism: 2, jobManager: { pdb: true } }),
      running,
      /only objects beside its pods change: PodDisruptionBudget wc-jobmanager is created/,
    ));

  it("is a savepoint, when one is asked for", () =>
    says(
      job({ parallelism: 2, savepointNonce: "1" }),
      running,
      /a savepoint is taken while the job runs\nthe job keeps running, and nothing/,
    ));

  it("is an upgrade by savepoint, warm", () =>
    says(
      job(),
      running,
      /incarnation 2 is started beside 1/,
      /1 stops with a savepoint/,
      /is rolled back to generation 1/,
    ));

  it("is an upgrade by savepoint, cold", () =>
    says(
      job({ upgrade: { standby: "cold" } }),
      running,
      /incarnation 1 stops with a savepoint and its pods are deleted/,
    ));

  it("is from the newest checkpoint without one", () =>
    says(job({ upgrade: { mode: "last-state" } }), running, /newest checkpoint/, /processed again/));

  it("is the loss of all state", () =>
    says(
      job({ upgrade: { mode: "stateless", rollback: false } }),
      running,
      /all state is discarded/,
      /rollback: false/,
    ));

  it("waits for approval, and goes on at once where it is given already", () => {
    const next = job({ upgrade: { approval: "manual" } });
    says(next, running, /blocked until.*`streamjob approve wc`[^]*incarnation 2 is started beside 1/);
    const annotations = { "streamjob.dev/approve": "2" };
    const approved = outlook({ ...next, metadata: { ...next.metadata, annotations } }, running);
    assert.match(approved, /^incarnation 2 is started beside 1/);
  });

  it("is a suspension", () =>
    says(job({ parallelism: 2, state: "suspended" }), running, /stopped with a savepoint.*kept/));

  it("is nothing while the job is suspended", () => {
    const resume = { kind: "none", revision: revisionOf(first), generation: 1, at: AT } as const;
    says(job({ state: "suspended" }), statusWith(1, { resume, jobId, incarnations: 1 }), /nothing now/);
  });

  it("is a start from the kept state when it is resumed", () => {
    const kept = { kind: "latest", storeUri: "/s/1", savepoint: null, allowNonRestoredState: false } as const;
    const resume = { ...kept, revision: revisionOf(first), generation: 1, at: AT };
    says(job(), statusWith(1, { resume, jobId, incarnations: 1 }), /the job starts from its kept state/);
  });

  it("is nothing while the job is paused", () => {
    const next = job({ parallelism: 2 });
    const annotations = { "streamjob.dev/paused": "true" };
    says({ ...next, metadata: { ...next.metadata, annotations } }, running, /nothing for now: wc is paused/);
  });

  it("is nothing for a version that failed", () => {
    const next = job();
    const failed = { generation: 2, revision: revisionOf(next.spec), reason: "it threw" };
    says(next, { ...running, failed }, /nothing: this version failed.*it threw/);
  });

  it("names the operation that is in progress, and what becomes of it", () => {
    const second = spec({ parallelism: 3 });
    const revisions = [revision(first, 1), revision(second, 2)];
    const operation = operationOf({ revision: revisionOf(second) });
    const next = { ...job(), metadata: { ...job().metadata, generation: 3 } };
    assert.match(
      outlook(next, { ...running, incarnations: 2, operation }, { revisions }),
      /upgrade to generation 2 is in progress \(Standby\): it is abandoned, because the old job has not been stopped[^]*incarnation 3 is started beside 1/,
    );
    const proving = { ...operation, step: "Proving" } as const;
    const newer = { ...active, incarnation: 2, revision: revisionOf(second), generation: 2 };
    assert.match(
      outlook(next, { ...running, active: newer, incarnations: 2, operation: proving }, { revisions }),
      /upgrade to generation 2 is in progress \(Proving\): it finishes first; if it succeeds:\nincarnation 3 is started beside 2/,
    );
    assert.equal(
      outlook(
        { ...job(), spec: { ...second, deletion: { savepoint: true } } },
        { ...running, active: newer, incarnations: 2, operation: proving },
        { revisions },
      ),
      "the upgrade in progress (Proving) continues",
    );
  });

  it("is another end of the operation in progress, where the old job is being stopped already", () => {
    const second = spec({ parallelism: 3 });
    const operation = operationOf({ step: "Stopping", revision: revisionOf(second), savepoint: { target: "/s/1" } });
    assert.equal(
      outlook(
        job({ parallelism: 3, state: "suspended" }),
        { ...running, incarnations: 2, operation },
        { revisions: [revision(first, 1), revision(second, 2)], stopTrigger: { kind: "inProgress" } },
      ),
      "the operation in progress becomes a suspension: the job is stopped with a savepoint, its pods are deleted, and its state is kept",
    );
  });

  it("says what the operator was refused, where something is to be done", () => {
    const refused = statusWith(1, { active, stable, jobId }, ["Stalled", "ActionRefused", "exceeded quota: pods=4"]);
    says(job(), refused, /last call was refused, which may stand in the way: exceeded quota/);
    assert.doesNotMatch(outlook(job({ parallelism: 2 }), refused), /quota/);
  });

  it("of a job that did all its work begins without state, of a stopped one from its state", () => {
    says(
      job(),
      { ...running, active: ended("FINISHED") },
      /has ended \(FINISHED\); incarnation 2 starts without state/,
    );
    says(job(), { ...running, active: ended("FINISHED", "/s/1") }, /incarnation 2 starts from its last state/);
    const finished = { ...running, active: ended("FINISHED") };
    says(job({ parallelism: 2 }), finished, /^nothing: the job has FINISHED and stays FINISHED$/);
    says(job({ state: "suspended" }), finished, /^nothing: the job has FINISHED and stays FINISHED$/);
    says(
      job({ state: "suspended" }),
      { ...running, active: ended("FAILED") },
      /the job has ended; its pods are deleted/,
    );
  });

  it("of a job that FAILED is what recovery asks for", () => {
    const never = { ...running, stable: undefined, active: ended("FAILED") };
    says(
      job({ parallelism: 2, recovery: { onFailed: "never" } }),
      never,
      /nothing is started: the job FAILED: it threw/,
    );
  });

  it("is what a person has to do about a status that was lost", () =>
    says(job(), statusWith(1, {}), /nothing is started: the status does not say what ran/));
});
