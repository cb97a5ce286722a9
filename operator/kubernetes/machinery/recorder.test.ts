import assert from "node:assert/strict";
import { test } from "node:test";
import { seededRandom, silentLog } from "../../../base/index.ts";
import { ManualClock } from "../../../runtime/testkit/index.ts";
import { ApiError, type Event } from "../api/index.ts";
import { cutNote, EventRecorder } from "./recorder.ts";
import { configMap, pass, ScriptedApi, settled } from "./scripted-api.test-support.ts";

class Rig {
  readonly api = new ScriptedApi();
  readonly clock = new ManualClock(Date.UTC(2030, 0, 1));
  readonly recorder = new EventRecorder({
    api: this.api,
    clock: this.clock,
    random: seededRandom(1),
    log: silentLog,
    controller: "streamjob.dev/operator",
    instance: "operator-0",
  });

  get events(): Event[] {
    return [...this.api.store.values()] as Event[];
  }

  warn(reason: string, note: string): void {
    this.recorder.record(configMap("wc", "1"), { type: "Warning", reason, note });
  }

  tell(note: string, name = "wc"): void {
    this.recorder.record(configMap(name, "1"), { type: "Normal", reason: "Upgraded", note });
  }
}

test("an event says what happened to which object, with MicroTime", async () => {
  const rig = new Rig();
  rig.tell("to generation 2");
  await settled();
  const [event] = rig.events;
  assert.ok(event !== undefined);
  assert.match(event.metadata.name, /^wc\.[0-9a-f]{16}$/);
  assert.equal(event.metadata.namespace, "default");
  assert.deepEqual(event.regarding, {
    apiVersion: "v1",
    kind: "ConfigMap",
    namespace: "default",
    name: "wc",
    uid: "uid-wc",
  });
  const { eventTime, reason, action, note, reportingController, reportingInstance, series } = event;
  assert.deepEqual(
    { eventTime, reason, action, note, reportingController, reportingInstance, series },
    {
      eventTime: "2030-01-01T00:00:00.000000Z",
      reason: "Upgraded",
      action: "Upgraded",
      note: "to generation 2",
      reportingController: "streamjob.dev/operator",
      reportingInstance: "operator-0",
      series: undefined,
    },
  );
});

test("RC1 equal events are one with a count, written at most every 30 s and once more at the end", async () => {
  const rig = new Rig();
  for (let second = 0; second < 65; second++) {
    rig.tell("again");
    await pass(rig.clock, 1000);
  }
  assert.equal(rig.events.length, 1);
  assert.equal(rig.api.count("patch Event"), 2);
  await rig.recorder.stop();
  assert.deepEqual(rig.events[0]?.series, { count: 65, lastObservedTime: "2030-01-01T00:01:04.000000Z" });
  assert.equal(rig.clock.armed, 0);
});

test("RC1 another note, another object, and the same after ten quiet minutes are events of their own", async () => {
  const rig = new Rig();
  rig.tell("one");
  rig.tell("two");
  rig.tell("one", "other");
  await pass(rig.clock, 600_000);
  rig.tell("one");
  await settled();
  assert.equal(rig.events.length, 4);
});

test("RC1 a series whose event is gone begins a new one with its count", async () => {
  const rig = new Rig();
  rig.tell("again");
  await settled();
  rig.api.store.clear();
  rig.tell("again");
  await pass(rig.clock, 30_000);
  assert.equal(rig.events[0]?.series?.count, 2);
});

test("RC2 an object gets 25 events at once and one more a minute; others are not touched by that", async () => {
  const rig = new Rig();
  for (let number = 0; number < 40; number++) rig.tell(`note ${number}`);
  rig.tell("mine", "other");
  await settled();
  for (let turn = 0; turn < 20; turn++) await settled();
  assert.equal(rig.events.length, 26);
  assert.equal(rig.recorder.figures().dropped, 15);
  await pass(rig.clock, 60_000);
  rig.tell("one more");
  rig.tell("one too many");
  await settled();
  assert.equal(rig.events.length, 27);
});

test("RC2, T39: a warning is told though the object has used up its events, each reason of it for itself, and not without end", async () => {
  const rig = new Rig();
  for (let number = 0; number < 25; number++) rig.tell(`note ${number}`);
  for (let number = 0; number < 100; number++) rig.warn("JobException", `it threw ${number}`);
  rig.warn("VersionFailed", "generation 8 failed");
  rig.warn("RollbackStarted", "generation 8 is rolled back");
  rig.tell("one too many");
  for (let turn = 0; turn < 60; turn++) await settled();
  const told = rig.events.filter(({ type }) => type === "Warning").map(({ reason }) => reason);
  assert.deepEqual(told, ["JobException", "JobException", "JobException", "VersionFailed", "RollbackStarted"]);
  assert.equal(rig.recorder.figures().dropped, 98);
});

test("RC3 an API that fails or hangs neither reaches nor holds up the caller, and later events still come", async () => {
  const rig = new Rig();
  rig.api.fault = () => ({ error: new ApiError("Unavailable", "down") });
  rig.tell("lost");
  await settled();
  rig.api.fault = () => "hang";
  rig.tell("hangs");
  await settled();
  rig.api.fault = () => null;
  rig.tell("comes");
  await settled();
  assert.equal(rig.events.length, 0);
  await pass(rig.clock, 10_000);
  assert.deepEqual(
    rig.events.map(({ note }) => note),
    ["comes"],
  );
  assert.deepEqual(rig.recorder.figures(), { written: 1, dropped: 0, failed: 2 });
});

test("RC4 a note is cut at 1024 bytes, at a whole character", () => {
  const exact = "a".repeat(1024);
  assert.equal(cutNote(exact), exact);
  assert.equal(cutNote(`${exact}a`), `${"a".repeat(1021)}…`);
  const long = cutNote("😀".repeat(500));
  assert.ok(Buffer.byteLength(long) <= 1024);
  assert.match(long, /^(😀)+…$/u);
});

test("nothing is taken after stop", async () => {
  const rig = new Rig();
  await rig.recorder.stop();
  rig.tell("late");
  await settled();
  assert.equal(rig.events.length, 0);
});
