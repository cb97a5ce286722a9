import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { type Clock, type ErrorInfo, taskManagerId, toErrorInfo } from "../base/index.ts";
import type { CheckpointView, ExceptionEntry, JobControl, JobStatus } from "../runtime/jobmanager/index.ts";
import { JobObserver } from "./job-observer.ts";
import type { JobEvent } from "./process-messages.ts";

/** A JobControl whose views are set, and a clock that looks when it is told to. */
function createScene() {
  let look: () => void = () => {};
  const clock: Clock = {
    nowMs: () => 0,
    monotonicMs: () => 0,
    after: (_delayMs, callback) => {
      look = callback;
      return { cancel() {} };
    },
  };
  const scene = {
    status: "CREATED" as JobStatus,
    statusTimes: { CREATED: 1 } as Partial<Record<JobStatus, number>>,
    history: [] as CheckpointView[],
    exceptions: [] as ExceptionEntry[],
    restored: null as { id: number; restoredMs: number; isSavepoint: boolean; externalPath: string } | null,
    events: [] as JobEvent[],
    look: () => look(),
    /** What was told since the last call. */
    told: () => scene.events.splice(0),
  };
  const control = {
    job: () => ({
      status: scene.status,
      statusTimes: scene.statusTimes,
      vertices: [{ parallelism: 2 }, { parallelism: 1 }],
    }),
    checkpoints: () => ({ history: scene.history, restored: scene.restored }),
    exceptions: () => scene.exceptions,
    taskManagers: () => [{}],
  } as unknown as JobControl;
  const observer = new JobObserver(control, clock, (event) => scene.events.push(event));
  return Object.assign(scene, { observer });
}

const checkpoint = (id: number, changes: Partial<CheckpointView> = {}): CheckpointView =>
  ({
    id,
    kind: "checkpoint",
    status: "completed",
    externalPath: `/c/${id}`,
    failure: null,
    ...changes,
  }) as CheckpointView;

const failure = (timeMs: number, message: string): ExceptionEntry => ({
  error: toErrorInfo(new Error(message)),
  timeMs,
  taskName: "count (1/2)",
  taskManagerId: taskManagerId("tm"),
});

const statuses = (events: readonly JobEvent[]): string[] =>
  events.map((event) => (event.kind === "status" ? event.status : event.kind));

describe("a job's events", () => {
  it("tell every status once, in the order of entering, also those that were over before the look (JO2)", () => {
    const scene = createScene();
    scene.observer.start();
    assert.deepEqual(statuses(scene.told()), ["CREATED"]);
    scene.status = "RUNNING";
    scene.statusTimes = { CREATED: 1, RUNNING: 5, RESTARTING: 4 };
    scene.look();
    const events = scene.told();
    assert.deepEqual(statuses(events), ["RESTARTING", "RUNNING"]);
    assert.deepEqual(events[1], { kind: "status", status: "RUNNING", atMs: 5, tasks: 3, taskManagers: 1 });
    scene.look();
    assert.deepEqual(scene.told(), []);
    scene.statusTimes = { CREATED: 1, RUNNING: 9, RESTARTING: 8 };
    scene.look();
    assert.deepEqual(statuses(scene.told()), ["RESTARTING", "RUNNING"]);
  });

  it("tell a failure before the status it led to (JO1), and each of those that came in one millisecond", () => {
    const scene = createScene();
    scene.observer.start();
    scene.told();
    scene.exceptions = [failure(7, "second"), failure(7, "first"), failure(6, "zeroth")];
    scene.statusTimes = { CREATED: 1, RESTARTING: 7 };
    scene.look();
    const events = scene.told();
    assert.deepEqual(statuses(events), ["failure", "failure", "failure", "RESTARTING"]);
    const messages = (told: readonly JobEvent[]): string[] =>
      told.flatMap((event) => (event.kind === "failure" ? [(event.error as ErrorInfo).message] : []));
    assert.deepEqual(messages(events), ["zeroth", "first", "second"]);
    scene.exceptions = [failure(7, "third"), ...scene.exceptions];
    scene.look();
    assert.deepEqual(messages(scene.told()), ["third"]);
    scene.look();
    assert.deepEqual(scene.told(), []);
  });

  it("tell the end of each checkpoint and savepoint once, and where it was restored from", () => {
    const scene = createScene();
    scene.restored = { id: 3, restoredMs: 1, isSavepoint: false, externalPath: "/c/3" };
    scene.observer.start();
    assert.deepEqual(scene.told()[0], { kind: "restored", checkpointId: 3, isSavepoint: false, path: "/c/3" });
    scene.history = [checkpoint(5, { status: "in_progress" }), checkpoint(4)];
    scene.look();
    assert.deepEqual(scene.told(), [{ kind: "checkpoint", checkpointId: 4, path: "/c/4" }]);
    scene.history = [
      checkpoint(7, { status: "failed", failure: "expired" }),
      checkpoint(6, { kind: "stop", externalPath: "/s/6" }),
      checkpoint(5),
      checkpoint(4),
    ];
    scene.look();
    assert.deepEqual(scene.told(), [
      { kind: "checkpoint", checkpointId: 5, path: "/c/5" },
      { kind: "savepoint", path: "/s/6" },
      { kind: "checkpointFailed", checkpointId: 7, isSavepoint: false, reason: "expired" },
    ]);
    scene.observer.stop();
    assert.deepEqual(scene.told(), []);
  });

  it("never tell a checkpoint again, however many there are", () => {
    const scene = createScene();
    scene.observer.start();
    scene.told();
    let told = 0;
    for (let id = 1; id <= 200; id++) {
      scene.history = Array.from({ length: Math.min(id, 50) }, (_none, back) => checkpoint(id - back));
      scene.look();
      told += scene.told().length;
    }
    assert.equal(told, 200);
  });
});
