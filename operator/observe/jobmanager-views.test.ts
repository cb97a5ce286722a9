/**
 * What JobManagers are asked in one look, and how their answers are taken.
 */
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { type Answer, type JobException, disposalTriggerId } from "../engine/index.ts";
import { ExceptionMemory } from "./exception-memory.ts";
import {
  activeIn,
  answering,
  incarnation,
  job,
  lookAt,
  operation,
  pod,
  set,
  snapshot,
  status,
} from "./hand-written-world.test-support.ts";

const entry = (timeMs: number, message: string): JobException => ({ timeMs, message, taskName: null });

const historyOf = (entries: readonly JobException[]): Answer<readonly JobException[]> => ({
  kind: "answer",
  value: entries,
});

/** A look at a job that runs, was restarted so often, and tells this of its exceptions. */
function lookAtTroubled(exceptions: ExceptionMemory, restarts: number, told: Answer<readonly JobException[]>) {
  const owner = job({ status: status({ active: activeIn(1), incarnations: 1 }) });
  return lookAt({
    objects: [owner, ...incarnation(owner, 1)],
    exceptions,
    calls: {
      incarnation: async (target) => {
        const running = { status: "RUNNING" as const, restarts, startedMs: 1, endedMs: null, failure: null };
        return { kind: "answer", value: answering(target, { job: running }) };
      },
      exceptions: async () => told,
    },
  });
}

describe("what JobManagers are asked", () => {
  it("only those of incarnations that the status names; others with pods are unreachable, not absent (JOV1, JOV2)", async () => {
    const owner = job({ status: status({ active: activeIn(2), incarnations: 3 }) });
    const withoutPods = incarnation(owner, 3).filter(({ kind }) => kind !== "Pod");
    const { look, asked } = await lookAt({
      objects: [owner, ...incarnation(owner, 1), ...incarnation(owner, 2), ...withoutPods],
    });
    assert.deepEqual(asked, ["incarnation 2"]);
    const views = look?.observed.incarnations.map(({ jobManager }) => jobManager.kind);
    assert.deepEqual(views, ["unreachable", "answering", "absent"]);
  });

  it("is absent when its pod has ended for good", async () => {
    const owner = job({ status: status({ active: activeIn(1), incarnations: 1 }) });
    const objects = incarnation(owner, 1).filter(({ kind }) => kind !== "Pod");
    const ended = pod(set(owner, 1, "jobmanager"), { phase: "Failed" });
    const { look } = await lookAt({ objects: [owner, ...objects, ended] });
    assert.equal(look?.observed.incarnations[0]?.jobManager.kind, "absent");
  });

  it("is unreachable when it refuses, as while it starts", async () => {
    const owner = job({ status: status({ active: activeIn(1), incarnations: 1 }) });
    const { look } = await lookAt({
      objects: [owner, ...incarnation(owner, 1)],
      calls: { incarnation: async () => ({ kind: "refused", status: 503, message: "starting" }) },
    });
    const view = look?.observed.incarnations[0]?.jobManager;
    assert.deepEqual(view, { kind: "unreachable", message: "it answers 503: starting" });
  });

  it("asks about the stop only in step Stopping and while its savepoint is not known, at the old one", async () => {
    const inStep = async (changes: object) => {
      const owner = job({ status: status({ active: activeIn(1), operation: operation(changes), incarnations: 2 }) });
      const objects = [owner, ...incarnation(owner, 1), ...incarnation(owner, 2)];
      return lookAt({ objects, calls: { trigger: async () => ({ kind: "answer", value: null }) } });
    };
    const stopping = await inStep({ step: "Stopping" });
    assert.deepEqual(stopping.asked.toSorted(), ["incarnation 1", "incarnation 2", "trigger 1"]);
    assert.deepEqual(stopping.look?.observed.stopTrigger, { kind: "unknown" });
    const standby = await inStep({ step: "Standby" });
    assert.equal(standby.look?.observed.stopTrigger, null);
    const known = await inStep({ step: "Stopping", savepoint: { target: "memory:///t", path: "memory:///t" } });
    assert.equal(known.look?.observed.stopTrigger, null);
  });

  it("takes a stop that nobody can tell about for unreachable, never for unknown", async () => {
    const owner = job({
      status: status({ active: activeIn(1), operation: operation({ step: "Stopping" }), incarnations: 2 }),
    });
    const withPods = await lookAt({ objects: [owner, ...incarnation(owner, 1)] });
    assert.equal(withPods.look?.observed.stopTrigger?.kind, "unreachable");
    const withoutPods = await lookAt({ objects: [owner] });
    assert.equal(withoutPods.look?.observed.stopTrigger?.kind, "unreachable");
  });

  it("asks the new one whether it accepts what the old one would leave", async () => {
    const owner = job({
      status: status({ active: activeIn(1), operation: operation({ step: "Preflight" }), incarnations: 2 }),
    });
    const asked: unknown[] = [];
    const { look } = await lookAt({
      objects: [owner, ...incarnation(owner, 1), ...incarnation(owner, 2)],
      calls: {
        preflight: async (target, from) => {
          asked.push([target.incarnation, from]);
          return { kind: "answer", value: { kind: "compatible", from: null } };
        },
      },
    });
    assert.deepEqual(asked, [
      [2, { kind: "latest", storeUri: "memory:///1", savepoint: null, allowNonRestoredState: false }],
    ]);
    assert.deepEqual(look?.observed.preflight, { kind: "compatible", from: null });
  });

  it("takes what is no answer yet for none, with what the new one says of it", async () => {
    const owner = job({
      status: status({ active: activeIn(1), operation: operation({ step: "Preflight" }), incarnations: 2 }),
    });
    const message = "the store does not answer";
    const { look } = await lookAt({
      objects: [owner, ...incarnation(owner, 1), ...incarnation(owner, 2)],
      calls: { preflight: async () => ({ kind: "refused", status: 503, message }) },
    });
    assert.deepEqual(look?.observed.preflight, { kind: "unanswered", reason: message });
  });

  it("asks as the spec allows it whether state may be left behind, and nothing when there is none to accept", async () => {
    const froms: unknown[] = [];
    const inPreflight = (changes: object, spec: object = {}) => {
      const upgrade = operation({ step: "Preflight", ...changes });
      const owner = job({ spec, status: status({ active: activeIn(1), operation: upgrade, incarnations: 2 }) });
      return lookAt({
        objects: [owner, ...incarnation(owner, 1), ...incarnation(owner, 2)],
        calls: {
          preflight: async (_target, from) => {
            froms.push(from);
            return { kind: "answer", value: { kind: "compatible", from: null } };
          },
        },
      });
    };
    await inPreflight({}, { restore: { path: "file:///p", allowNonRestoredState: true } });
    assert.deepEqual(froms, [
      { kind: "latest", storeUri: "memory:///1", savepoint: null, allowNonRestoredState: true },
    ]);
    await inPreflight({}, { upgrade: { allowNonRestoredState: true } });
    assert.deepEqual(froms[1], froms[0]);
    await inPreflight({ mode: "stateless" });
    await inPreflight({ restore: { kind: "none" } });
    assert.equal(froms.length, 2);
  });

  it("asks about the savepoint that is under way at the active one", async () => {
    const savepoint = {
      name: "s",
      triggerId: "c".repeat(32),
      target: "memory:///s",
      startedAt: "2031-01-01T00:00:00Z",
    };
    const owner = job({ status: status({ active: activeIn(1), incarnations: 1, savepoint }) });
    const { look } = await lookAt({
      objects: [owner, ...incarnation(owner, 1)],
      calls: { trigger: async () => ({ kind: "answer", value: { kind: "inProgress" } }) },
    });
    assert.deepEqual(look?.observed.savepointTrigger, { kind: "inProgress" });
  });

  it("asks how a disposal goes only for snapshots that are being deleted with their files", async () => {
    const owner = job({ status: status({ active: activeIn(1), incarnations: 1 }) });
    const deleted = { deletionTimestamp: "2031-01-01T00:00:00Z" };
    const kept = snapshot("kept", "memory:///k", deleted);
    const objects = [
      owner,
      ...incarnation(owner, 1),
      snapshot("going", "memory:///g", deleted),
      snapshot("staying", "memory:///s"),
      { ...kept, spec: { ...kept.spec, disposeOnDelete: false } },
    ];
    const asked: string[] = [];
    const { look } = await lookAt({
      objects,
      calls: {
        disposal: async (_target, triggerId) => {
          asked.push(triggerId);
          return { kind: "answer", value: { kind: "completed", location: "" } };
        },
      },
    });
    assert.deepEqual(asked, [disposalTriggerId("memory:///g")]);
    assert.deepEqual(look?.observed.disposals, { going: { kind: "done" } });
  });

  it("asks the active JobManager how the deletion of a store goes, only while there is one", async () => {
    const collecting = {
      incarnation: 1,
      storeUri: "memory:///1",
      triggerId: "c".repeat(32),
      attempt: 0,
      startedAt: "2031-01-01T00:00:00Z",
    };
    const asked: unknown[] = [];
    const lookWith = async (changes: object) => {
      const owner = job({ status: status({ active: activeIn(2), incarnations: 2, ...changes }) });
      const { look } = await lookAt({
        objects: [owner, ...incarnation(owner, 2)],
        calls: {
          collection: async ({ incarnation: number }, triggerId) => {
            asked.push([number, triggerId]);
            return { kind: "answer", value: { kind: "failed", message: "in use" } };
          },
        },
      });
      return look?.observed.collection;
    };
    assert.equal(await lookWith({}), null);
    assert.deepEqual(await lookWith({ collecting }), { kind: "failed", message: "in use" });
    assert.deepEqual(asked, [[2, "c".repeat(32)]]);
  });

  it("ends at its deadline when a JobManager hangs, and says so (OV2)", async () => {
    const owner = job({ status: status({ active: activeIn(1), incarnations: 1 }) });
    const { look } = await lookAt({
      objects: [owner, ...incarnation(owner, 1)],
      deadlineMs: 30,
      calls: {
        incarnation: (_target, signal) =>
          new Promise((resolve) => {
            signal.addEventListener("abort", () =>
              resolve({ kind: "unreachable", message: (signal.reason as Error).message }),
            );
          }),
      },
    });
    const view = look?.observed.incarnations[0]?.jobManager;
    assert.deepEqual(view, { kind: "unreachable", message: "the JobManagers did not answer within 30 ms" });
  });

  it("tells each exception once, and asks for none while there is no trouble", async () => {
    const exceptions = new ExceptionMemory();
    const lookWith = (restarts: number, entries: readonly JobException[]) =>
      lookAtTroubled(exceptions, restarts, historyOf(entries));
    const quiet = await lookWith(0, []);
    assert.deepEqual(quiet.asked, ["incarnation 1"]);
    const first = [entry(20, "b"), entry(10, "a"), entry(10, "a")];
    const news = await lookWith(1, first);
    assert.deepEqual(
      news.look?.observed.exceptions.map(({ timeMs, message }) => `${timeMs} ${message}`),
      ["20 b", "10 a"],
    );
    const again = await lookWith(1, first);
    assert.equal(again.look?.observed.exceptions.length, 2, "nobody has told them yet");
    if (again.look?.news) exceptions.markTold(again.look.news);
    const told = await lookWith(1, first);
    assert.deepEqual(told.asked, ["incarnation 1"]);
    const more = await lookWith(2, [entry(30, "c"), ...first]);
    assert.deepEqual(
      more.look?.observed.exceptions.map(({ message }) => message),
      ["c"],
    );
  });

  it("knows the newest exception when it is news no more, and when the JobManager does not tell it (EM3)", async () => {
    const exceptions = new ExceptionMemory();
    const lookWith = async (restarts: number, told: Answer<readonly JobException[]>) => {
      const { look } = await lookAtTroubled(exceptions, restarts, told);
      if (look?.news) exceptions.markTold(look.news);
      return [look?.observed.exceptions.length, look?.observed.newestException?.message];
    };
    const history = historyOf([entry(30, "at 30"), entry(20, "at 20")]);
    assert.deepEqual(await lookWith(0, history), [0, undefined]);
    assert.deepEqual(await lookWith(1, history), [2, "at 30"]);
    assert.deepEqual(await lookWith(1, history), [0, "at 30"], "nothing is asked");
    assert.deepEqual(await lookWith(2, history), [0, "at 30"], "told before it was counted");
    assert.deepEqual(await lookWith(3, { kind: "unreachable", message: "late" }), [0, "at 30"]);
    const another = new ExceptionMemory();
    assert.equal(another.newest(activeIn(1).jobId), null);
  });
});
