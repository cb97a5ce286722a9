import assert from "node:assert/strict";
import { describe, it } from "node:test";
import type { StoredStreamJobStatus, StreamJob } from "../../crds/index.ts";
import type { Event } from "../../operator/kubernetes/api/index.ts";
import { activeOf, AT, operationOf, statusWith } from "./command-rig.test-support.ts";
import { JobStory } from "./job-story.ts";

function job(status?: StoredStreamJobStatus, uid = "u"): StreamJob {
  return {
    apiVersion: "streamjob.dev/v1alpha1",
    kind: "StreamJob",
    metadata: { name: "wc", namespace: "default", uid, generation: 1 },
    spec: { job: { module: "/wc.ts" } },
    ...(status === undefined ? {} : { status }),
  };
}

function event(reason: string, note: string, type: "Normal" | "Warning" = "Normal", count?: number): Event {
  return {
    apiVersion: "events.k8s.io/v1",
    kind: "Event",
    metadata: { name: "e", namespace: "default" },
    eventTime: AT,
    reportingController: "c",
    reportingInstance: "i",
    type,
    reason,
    action: reason,
    note,
    regarding: { apiVersion: "streamjob.dev/v1alpha1", kind: "StreamJob", namespace: "default", name: "wc" },
    ...(count === undefined ? {} : { series: { count, lastObservedTime: AT } }),
  };
}

const later = (ms: number): string => new Date(Date.parse(AT) + ms).toISOString();
const texts = (lines: readonly { readonly text: string }[]): string[] => lines.map(({ text }) => text);

describe("the story of a job", () => {
  it("of an upgrade: why, the steps, and how long it took and was down", () => {
    const story = new JobStory();
    const ready = statusWith(1, { active: activeOf("wc-1"), phase: "Running" }, "Ready", "JobRunning");
    assert.deepEqual(texts(story.next(job(ready))), ["Running: Ready it is"]);
    const upgrade = (step: string, ms: number, parts: StoredStreamJobStatus = { active: activeOf("wc-1") }) =>
      job(statusWith(2, { ...parts, operation: operationOf({ step, stepSince: later(ms) }) }));
    assert.deepEqual(texts(story.next(upgrade("Standby", 0))), [], "steps wait for the reason (JS4)");
    assert.deepEqual(
      texts(story.event(event("UpgradeStarted", "generation 1 to 2: parallelism changed (rescale)"), false)),
      [
        "generation 1 to 2: parallelism changed (rescale)",
        "Standby: starting incarnation 2 beside incarnation 1, which keeps running",
      ],
    );
    assert.deepEqual(texts(story.next(upgrade("Standby", 0))), []);
    assert.deepEqual(texts(story.next(upgrade("Stopping", 1000))), [
      "Stopping: stopping incarnation 1 with a savepoint",
    ]);
    const active = activeOf("wc-2", { incarnation: 2, generation: 2 });
    assert.equal(story.next(upgrade("Activating", 1100, { active })).length, 1);
    const done = statusWith(2, { active }, "Ready", "JobRunning");
    const timed = {
      ...done,
      conditions: (done.conditions ?? []).map((each) => ({
        ...each,
        lastTransitionTime: later(each.type === "Ready" ? 2500 : 1250),
      })),
    };
    assert.deepEqual(texts(story.next(job(timed))), ["Ready: Ready it is (took 2.50 s, down for at most 0.25 s)"]);
    assert.deepEqual(
      texts(story.event(event("Upgraded", "generation 2 runs"), false)),
      [],
      "the status has said that (JS1)",
    );
  });

  it("tells steps without their reason when that does not come", () => {
    const story = new JobStory();
    story.next(job());
    story.next(job(statusWith(1, { operation: operationOf({ kind: "deploy", from: null, to: 1 }) })));
    assert.ok(story.isHolding);
    assert.deepEqual(texts(story.release()), ["Standby: starting incarnation 1"]);
    assert.ok(!story.isHolding);
  });

  it("says trouble once, however its numbers change, and again when it comes again (JS2)", () => {
    const story = new JobStory();
    const blocked = (message: string) =>
      job(statusWith(1, { active: activeOf("wc-1") }, ["UpgradeBlocked", "SavepointFailed", message]));
    story.next(job(statusWith(1, { active: activeOf("wc-1") })));
    assert.deepEqual(texts(story.next(blocked("attempt 1 failed"))), ["attempt 1 failed"]);
    assert.deepEqual(texts(story.next(blocked("attempt 2 failed"))), []);
    assert.deepEqual(texts(story.next(job(statusWith(1, { active: activeOf("wc-1") })))), []);
    assert.deepEqual(texts(story.next(blocked("attempt 3 failed"))), ["attempt 3 failed"]);
  });

  it("says how to approve what waits for it", () => {
    const story = new JobStory();
    story.next(job(statusWith(1, {})));
    const waits = statusWith(2, {}, ["UpgradeBlocked", "AwaitingApproval", "a change of image waits for approval"]);
    assert.match(texts(story.next(job(waits))).join(), /waits for approval; approve it with `streamjob approve`/);
  });

  it("says ends, restarts, suspensions and deletions", () => {
    const story = new JobStory();
    story.next(job(statusWith(1, { active: activeOf("wc-1") })));
    assert.match(
      texts(story.next(job(statusWith(1, { active: activeOf("wc-1"), restarts: 2 })))).join(),
      /restarted, 2 since incarnation 1/,
    );
    const ended = { status: "FINISHED" as const, at: AT, savepoint: null, message: "the job is FINISHED" };
    assert.deepEqual(texts(story.next(job(statusWith(1, { active: activeOf("wc-1", { ended }), restarts: 2 })))), [
      "FINISHED",
    ]);
    const resume = {
      kind: "path" as const,
      path: "/s/1",
      allowNonRestoredState: false,
      revision: "wc-1",
      generation: 2,
      at: AT,
    };
    assert.deepEqual(texts(story.next(job(statusWith(2, { resume }, "Ready", "Suspended")))), [
      "Suspended; will resume from /s/1",
    ]);
    assert.deepEqual(texts(story.next(null)), ["deleted"]);
    assert.deepEqual(texts(story.next(null)), []);
  });

  it("says that a version failed by the status, before the rollback, whether Events come or not (T39)", () => {
    const story = new JobStory();
    const active = activeOf("wc-2", { incarnation: 2, generation: 2 });
    story.next(job(statusWith(2, { active })));
    const entry = { at: AT, incarnation: 2, generation: 2, revision: "wc-2", what: "failed", why: "it threw" };
    const upgrade = operationOf({ kind: "rollback", step: "Terminating", from: 2, to: 3, toGeneration: 1 });
    const rolling = statusWith(2, { active, operation: upgrade, history: [entry] });
    assert.deepEqual(texts(story.next(job(rolling))), ["generation 2 failed: it threw"]);
    assert.deepEqual(texts(story.event(event("VersionFailed", "generation 2 failed: it threw", "Warning"), false)), []);
    assert.deepEqual(texts(story.release()), ["Terminating: deleting the pods of incarnation 2"]);
    assert.deepEqual(texts(story.next(job(rolling))), []);
  });

  it("begins anew with another object of the same name", () => {
    const story = new JobStory();
    story.next(job(statusWith(1, { active: activeOf("wc-1"), phase: "Running" }, "Ready")));
    assert.deepEqual(texts(story.next(job(undefined, "another"))), []);
  });

  it("repeats a warning with its count, and nothing else", () => {
    const story = new JobStory();
    assert.deepEqual(texts(story.event(event("SavepointFailed", "no room", "Warning", 3), true)), [
      "no room (3 times)",
    ]);
    assert.deepEqual(texts(story.event(event("Stable", "it is", "Normal", 3), true)), []);
  });
});
