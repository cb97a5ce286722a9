import assert from "node:assert/strict";
import test from "node:test";
import type { StreamJob } from "../../crds/index.ts";
import { ManualClock } from "../../runtime/testkit/index.ts";
import type { Action } from "../reconcile/index.ts";
import { type Refused, RefusalMemory } from "./refusal-memory.ts";

const job = (generation = 1): StreamJob => ({
  apiVersion: "streamjob.dev/v1alpha1",
  kind: "StreamJob",
  metadata: { name: "wc", namespace: "default", uid: "1", generation },
  spec: { job: { module: "/job.ts" } },
});
const stop = (triggerId: string): Action => ({
  kind: "triggerStop",
  incarnation: 1,
  jobId: "j",
  triggerId,
  target: "/s",
});
const no = (action: Action, change: Partial<Refused> = {}): Refused => ({
  action,
  reason: "not like this",
  isAnswered: true,
  isFinal: false,
  isHeldBack: false,
  ...change,
});
const texts = (memory: RefusalMemory): unknown => memory.of(job()).map(({ message, isNews }) => [message, isNews]);
const MESSAGE = "the stop with savepoint /s failed: not like this";

test("a refusal is news until it has been told, and gone when its action is not refused any more", () => {
  const clock = new ManualClock();
  const memory = new RefusalMemory(clock);
  assert.equal(memory.note(job(), [no(stop("a"))]).isNews, true);
  assert.deepEqual(texts(memory), [[MESSAGE, true]]);
  memory.markTold(job(), memory.of(job()));
  assert.equal(memory.note(job(), [no(stop("a"))]).isNews, false);
  assert.deepEqual(texts(memory), [[MESSAGE, false]]);
  clock.advance(60_000);
  assert.equal(memory.note(job(), [no(stop("a"), { reason: "nor like that" })]).isNews, true, "other words are news");
  assert.deepEqual(memory.note(job(), []), { isNews: false, dueInMs: null });
  assert.deepEqual(texts(memory), []);
});

test("REM1: what got no answer is told from the fifth time in a row on", () => {
  const clock = new ManualClock();
  const memory = new RefusalMemory(clock);
  const silent = no(stop("a"), { isAnswered: false });
  for (const isNews of [false, false, false, false, true, false]) {
    assert.equal(memory.note(job(), [silent]).isNews, isNews);
    assert.equal(memory.of(job()).length, isNews || memory.of(job()).length > 0 ? 1 : 0);
    clock.advance(60_000);
  }
  memory.note(job(), []);
  assert.equal(memory.note(job(), [silent]).isNews, false, "not in a row");
});

test("REM2: it is held back for longer each time, at most 30 s, and not once the spec has changed", () => {
  const clock = new ManualClock();
  const memory = new RefusalMemory(clock);
  const delays: (number | null)[] = [];
  for (let tries = 0; tries < 10; tries++) {
    const { dueInMs } = memory.note(job(), [no(stop("a"))]);
    delays.push(dueInMs);
    const held = memory.heldBack(job(), stop("a"));
    assert.equal(held?.reason, MESSAGE);
    assert.equal(memory.heldBack(job(), stop("b")), null, "another action is not");
    assert.equal(memory.heldBack(job(2), stop("a")), null, "nor another generation");
    assert.deepEqual(memory.note(job(), held === null ? [] : [held]).dueInMs, dueInMs, "looked at earlier, it stays");
    clock.advance(dueInMs ?? 0);
    assert.equal(memory.heldBack(job(), stop("a")), null);
  }
  assert.deepEqual(delays, [200, 400, 800, 1600, 3200, 6400, 12_800, 25_600, 30_000, 30_000]);
});

test("REM4: what was held back when a plan was carried out is no try, and its words stay, also when it is due by the time that is noted", () => {
  const clock = new ManualClock();
  const memory = new RefusalMemory(clock);
  memory.note(job(), [no(stop("a"), { isAnswered: false })]);
  for (let plans = 0; plans < 10; plans++) {
    const held = memory.heldBack(job(), stop("a"));
    // The rest of the plan waits for an API server that does not answer.
    clock.advance(10_000);
    if (held === null) break;
    assert.equal(memory.note(job(), [held]).isNews, false);
  }
  memory.note(job(), [no(stop("a"))]);
  assert.deepEqual(texts(memory), [[MESSAGE, true]]);
  const held = memory.heldBack(job(), stop("a"));
  clock.advance(10_000);
  assert.ok(held !== null);
  memory.note(job(), [held]);
  assert.deepEqual(texts(memory), [[MESSAGE, true]]);
});
