import assert from "node:assert/strict";
import { test } from "node:test";
import { type Clock, type Random, silentLog } from "../../../base/index.ts";
import { ManualClock } from "../../../runtime/testkit/index.ts";
import { ApiError, type Lease } from "../api/index.ts";
import { LeaseElector, type LeaseElectorOptions } from "./lease-elector.ts";
import { configMap, pass, ScriptedApi, settled } from "./scripted-api.test-support.ts";
import { guarded } from "./write-gate.ts";

const key = { namespace: "operators", name: "streamjob" };
const steady: Random = { next: () => 0, hex: () => "00" };

class Rig {
  readonly api = new ScriptedApi();
  readonly clock = new ManualClock(Date.UTC(2030, 0, 2, 3, 4, 5, 67));

  elector(identity: string, options: Partial<LeaseElectorOptions> = {}): LeaseElector {
    const { api, clock } = this;
    return new LeaseElector({ api, clock, random: steady, log: silentLog, lease: key, identity, ...options });
  }

  get lease(): Lease["spec"] {
    return (this.api.store.get("Lease operators/streamjob") as Lease).spec;
  }

  /** Somebody else writes the record. */
  async write(spec: Lease["spec"]): Promise<void> {
    const present = await this.api.get("Lease", key);
    const object: Lease = { apiVersion: "coordination.k8s.io/v1", kind: "Lease", metadata: key, spec };
    await (present === null ? this.api.create("Lease", object) : this.api.update("Lease", object));
  }
}

test("the first one creates the lease, with a MicroTime of exactly six digits, and renews it", async () => {
  const rig = new Rig();
  const a = rig.elector("a");
  assert.equal(a.isLeading, false);
  a.start();
  const leadership = await a.whenLeading();
  assert.deepEqual(rig.lease, {
    holderIdentity: "a",
    leaseDurationSeconds: 15,
    acquireTime: "2030-01-02T03:04:05.067000Z",
    renewTime: "2030-01-02T03:04:05.067000Z",
    leaseTransitions: 0,
  });
  await pass(rig.clock, 30_000, 1000);
  assert.equal(rig.lease.acquireTime, "2030-01-02T03:04:05.067000Z");
  assert.equal(rig.lease.renewTime, "2030-01-02T03:04:35.067000Z");
  assert.equal(rig.api.count("update Lease"), 15);
  assert.equal(leadership.signal.aborted, false);
  assert.deepEqual(leadership.gate.ask(), { kind: "open" });
  await a.stop();
});

test("LE5 stop shuts the gate first and gives the lease back: the next one need not wait", async () => {
  const rig = new Rig();
  const [a, b] = [rig.elector("a"), rig.elector("b")];
  a.start();
  const { gate, signal } = await a.whenLeading();
  b.start();
  await pass(rig.clock, 6000, 1000);
  assert.deepEqual([a.isLeading, b.isLeading, b.holder], [true, false, "a"]);
  const stopped = a.stop();
  assert.equal(gate.ask().kind, "shut");
  assert.equal(signal.aborted, true);
  await stopped;
  assert.deepEqual([rig.lease.holderIdentity, rig.lease.leaseDurationSeconds], ["", 1]);
  await pass(rig.clock, 2000, 1000);
  assert.equal(b.isLeading, true);
  assert.equal(rig.lease.leaseTransitions, 1);
  await b.stop();
  assert.equal(rig.clock.armed, 0);
});

test("LE1 expiry is judged by when the record was last seen to change, never by the times in it", async () => {
  for (const renewTime of ["1999-01-01T00:00:00.000000Z", "2099-01-01T00:00:00.000000Z"]) {
    const rig = new Rig();
    await rig.write({ holderIdentity: "other", leaseDurationSeconds: 15, renewTime, leaseTransitions: 4 });
    const a = rig.elector("a");
    a.start();
    await pass(rig.clock, 10_000, 1000);
    await rig.write({ holderIdentity: "other", leaseDurationSeconds: 15, renewTime, leaseTransitions: 4 });
    await pass(rig.clock, 16_000, 1000);
    assert.equal(a.isLeading, false, "the record changed 16 s ago, and was seen to 14 s ago at most");
    await pass(rig.clock, 2000, 1000);
    assert.equal(a.isLeading, true);
    assert.equal(rig.lease.leaseTransitions, 5);
    await a.stop();
  }
});

test("LE1 a holder that was promised more time gets it", async () => {
  const rig = new Rig();
  await rig.write({ holderIdentity: "other", leaseDurationSeconds: 40 });
  const a = rig.elector("a");
  a.start();
  await pass(rig.clock, 38_000, 1000);
  assert.equal(a.isLeading, false);
  await pass(rig.clock, 4000, 1000);
  assert.equal(a.isLeading, true);
  await a.stop();
});

test("LE2 without renewals the gate shuts 10 s after the last one was sent, 5 s before anybody may take over", async () => {
  const rig = new Rig();
  const [a, b] = [rig.elector("a"), rig.elector("b")];
  a.start();
  const { gate, signal } = await a.whenLeading();
  b.start();
  await settled();
  rig.api.fault = (call) => (call === "update Lease" && a.isLeading ? "hang" : null);
  await pass(rig.clock, 9999, 1111);
  assert.equal(gate.ask().kind, "open");
  rig.clock.advance(1);
  assert.match(JSON.stringify(gate.ask()), /not renewed for 10000 ms/);
  await settled();
  assert.equal(signal.aborted, true);
  assert.equal(b.isLeading, false);
  await a.stop();
  // The clock's steps of the test made b's tries come late; 14 s is still before the lease would expire.
  await pass(rig.clock, 4000, 1000);
  assert.equal(b.isLeading, true, "stop gave back what was still ours");
  await b.stop();
});

test("LE2 what counts is when the renewal was sent, not when its answer came", async () => {
  const rig = new Rig();
  const a = rig.elector("a");
  a.start();
  const { gate } = await a.whenLeading();
  const { promise: late, resolve } = Promise.withResolvers<void>();
  rig.api.fault = (call) => (call === "update Lease" ? { late } : null);
  await pass(rig.clock, 5000, 1000);
  assert.equal(rig.api.count("update Lease"), 1, "sent at 2 s");
  rig.api.fault = (call) => (call.endsWith("Lease") ? "hang" : null);
  resolve();
  await pass(rig.clock, 6999, 1000);
  assert.equal(gate.ask().kind, "open");
  rig.clock.advance(1);
  assert.equal(gate.ask().kind, "shut", "12 s, not 15");
  rig.api.fault = () => null;
  await a.stop();
});

test("LE4 a renewal whose answer was lost does not extend the term; it is read back and goes on", async () => {
  const rig = new Rig();
  const a = rig.elector("a");
  a.start();
  const { gate } = await a.whenLeading();
  rig.api.fault = (call) => (call === "update Lease" ? { lost: new ApiError("Timeout", "no answer") } : null);
  await pass(rig.clock, 8000, 1000);
  rig.api.fault = () => null;
  await pass(rig.clock, 2000 - 1, 1999);
  assert.equal(gate.ask().kind, "open");
  await pass(rig.clock, 1);
  assert.equal(gate.ask().kind, "shut", "four renewals were done, but none of them is known to be");

  const next = a.whenLeading();
  await pass(rig.clock, 3000, 1000);
  const again = await next;
  rig.api.fault = (call) => (call === "update Lease" ? { lost: new ApiError("Timeout", "no answer") } : null);
  await pass(rig.clock, 4000, 1000);
  rig.api.fault = () => null;
  await pass(rig.clock, 20_000, 1000);
  assert.equal(again.gate.ask().kind, "open");
  await a.stop();
});

test("LE3 who finds the lease taken ends the term at once", async () => {
  const rig = new Rig();
  const a = rig.elector("a");
  a.start();
  const { gate, signal } = await a.whenLeading();
  await rig.write({ holderIdentity: "thief", leaseDurationSeconds: 15 });
  await pass(rig.clock, 2000);
  await pass(rig.clock, 1);
  assert.match(JSON.stringify(gate.ask()), /taken by thief/);
  assert.equal(signal.aborted, true);
  await a.stop();
  assert.equal(rig.lease.holderIdentity, "thief", "what is not ours is not released");
});

test("a lease that was only annotated is still ours", async () => {
  const rig = new Rig();
  const a = rig.elector("a");
  a.start();
  const { gate } = await a.whenLeading();
  await rig.write(rig.lease);
  await pass(rig.clock, 20_000, 1000);
  assert.equal(gate.ask().kind, "open");
  await a.stop();
});

test("LE3 of two who try at once, one leads", async () => {
  const rig = new Rig();
  const electors = ["a", "b", "c"].map((identity) => rig.elector(identity));
  for (const elector of electors) elector.start();
  await settled();
  assert.equal(electors.filter(({ isLeading }) => isLeading).length, 1);
  await pass(rig.clock, 60_000, 500);
  assert.equal(electors.filter(({ isLeading }) => isLeading).length, 1);
  for (const elector of electors) await elector.stop();
});

test("it waits out an API server that is away, and leads when it is back", async () => {
  const rig = new Rig();
  const a = rig.elector("a");
  rig.api.fault = () => ({ error: new ApiError("Unavailable", "down") });
  a.start();
  await pass(rig.clock, 60_000, 1000);
  assert.equal(a.isLeading, false);
  rig.api.fault = () => null;
  await pass(rig.clock, 2000, 1000);
  assert.equal(a.isLeading, true);
  await a.stop();
});

/** A process that stands still: its timers do not run, but its clock has moved when it goes on, as with SIGSTOP and SIGCONT. */
class StoppableClock implements Clock {
  readonly #clock: ManualClock;
  #held: (() => void)[] | null = null;

  constructor(clock: ManualClock) {
    this.#clock = clock;
  }

  nowMs(): number {
    return this.#clock.nowMs();
  }

  monotonicMs(): number {
    return this.#clock.monotonicMs();
  }

  after(delayMs: number, callback: () => void): { cancel(): void } {
    return this.#clock.after(delayMs, () => (this.#held === null ? callback() : void this.#held.push(callback)));
  }

  stop(): void {
    this.#held = [];
  }

  /** Timers are due now, but none has run yet: returns how to run them. */
  continue(): () => void {
    const held = this.#held ?? [];
    this.#held = null;
    return () => {
      for (const callback of held) callback();
    };
  }
}

test("P-32 a leader that was stopped past its lease and goes on writes nothing, before any of its timers ran", async () => {
  const rig = new Rig();
  const clock = new StoppableClock(rig.clock);
  const [a, b] = [rig.elector("a", { clock }), rig.elector("b")];
  a.start();
  const { gate, signal } = await a.whenLeading();
  const api = guarded(rig.api, gate);
  await api.create("ConfigMap", configMap("before", "0"));
  b.start();
  await settled();
  clock.stop();
  await pass(rig.clock, 20_000, 1000);
  assert.equal(b.isLeading, true);
  const runTimers = clock.continue();
  assert.equal(signal.aborted, false, "nothing has told it yet");
  const calls = rig.api.calls.length;
  const writes = [
    api.create("ConfigMap", configMap("after", "0")),
    api.update("ConfigMap", configMap("before", "0")),
    api.updateStatus("ConfigMap", configMap("before", "0")),
    api.patch("ConfigMap", { namespace: "default", name: "before" }, {}),
    api.apply("ConfigMap", configMap("before", "0"), { fieldManager: "x" }),
    api.delete("ConfigMap", { namespace: "default", name: "before" }),
  ];
  for (const write of writes) await assert.rejects(write, { reason: "Forbidden", destiny: "terminal" });
  assert.equal(rig.api.calls.length, calls, "no write reached the API");
  assert.notEqual(await api.get("ConfigMap", { namespace: "default", name: "before" }), null);
  runTimers();
  await settled();
  assert.equal(signal.aborted, true);
  assert.equal(rig.lease.holderIdentity, "b");
  await a.stop();
  await b.stop();
});

test("P-32 a renewal whose answer waits for the stopped process does not revive its term", async () => {
  const rig = new Rig();
  const clock = new StoppableClock(rig.clock);
  const a = rig.elector("a", { clock });
  a.start();
  const { gate, signal } = await a.whenLeading();
  const { promise: late, resolve } = Promise.withResolvers<void>();
  rig.api.fault = (call) => (call === "update Lease" ? { late } : null);
  await pass(rig.clock, 9500, 500);
  assert.equal(gate.ask().kind, "open");
  clock.stop();
  await pass(rig.clock, 2000);
  // It goes on, and the answer to the renewal of a moment before is what it reads first.
  clock.continue();
  resolve();
  await settled();
  assert.equal(gate.ask().kind, "shut");
  assert.equal(signal.aborted, true);
  rig.api.fault = () => null;
  await a.stop();
});

test("LE6 a gate that refused once refuses for ever, though the same process leads again", async () => {
  const rig = new Rig();
  const clock = new StoppableClock(rig.clock);
  const a = rig.elector("a", { clock });
  a.start();
  const first = await a.whenLeading();
  clock.stop();
  await pass(rig.clock, 12_000, 1000);
  clock.continue()();
  await pass(rig.clock, 3000, 1000);
  const second = await a.whenLeading();
  assert.equal(first.gate.ask().kind, "shut");
  assert.equal(first.signal.aborted, true);
  assert.equal(second.gate.ask().kind, "open");
  assert.equal(a.writeGate.ask().kind, "open");
  await a.stop();
});

test("waiting to lead ends with its signal, or with the elector", async () => {
  const rig = new Rig();
  await rig.write({ holderIdentity: "other", leaseDurationSeconds: 15 });
  const a = rig.elector("a");
  a.start();
  const waiting = new AbortController();
  const lead = a.whenLeading(waiting.signal);
  waiting.abort(new Error("no longer"));
  await assert.rejects(lead, /no longer/);
  const other = assert.rejects(a.whenLeading(), /elector was stopped/);
  await a.stop();
  await other;
  await assert.rejects(a.whenLeading(), /elector was stopped/);
  assert.equal(rig.clock.armed, 0);
});

test("times that leave no room are a mistake of the program", () => {
  const rig = new Rig();
  assert.throws(() => rig.elector("a", { leaseDurationMs: 10_000 }), /leaseDuration/);
  assert.throws(() => rig.elector("a", { retryPeriodMs: 9000 }), /renewDeadline/);
  assert.throws(() => rig.elector(""), /identity/);
});
