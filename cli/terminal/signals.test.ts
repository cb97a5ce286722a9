import assert from "node:assert/strict";
import { EventEmitter } from "node:events";
import { afterEach, beforeEach, describe, it } from "node:test";
import { ManualClock } from "../../runtime/testkit/index.ts";
import { Signals } from "./signals.ts";

describe("signals", () => {
  let clock: ManualClock;
  let emitter: EventEmitter;
  let counted: string[];
  let signalled: Signals;

  beforeEach(() => {
    clock = new ManualClock();
    emitter = new EventEmitter();
    counted = [];
    signalled = new Signals(clock, emitter);
    signalled.onSignal = (count, signal) => void counted.push(`${count} ${signal}`);
  });
  afterEach(() => signalled.stop());

  const arrive = (signal: NodeJS.Signals): void => void emitter.emit(signal, signal);

  it("count one press once, though the terminal and a wrapper both deliver it (SIG1)", () => {
    arrive("SIGINT");
    clock.advance(50);
    arrive("SIGINT");
    assert.deepEqual(counted, ["1 SIGINT"]);
  });

  it("count the hangup that follows a SIGTERM of the same moment as the same request", () => {
    arrive("SIGTERM");
    arrive("SIGHUP");
    assert.deepEqual(counted, ["1 SIGTERM"]);
    assert.equal(signalled.received, "SIGTERM");
  });

  it("count what a person presses again", () => {
    arrive("SIGINT");
    clock.advance(1000);
    arrive("SIGTERM");
    assert.deepEqual(counted, ["1 SIGINT", "2 SIGTERM"]);
  });

  it("count a second press that comes while echoes of the first one still arrive", () => {
    for (let i = 0; i < 10; i++) {
      arrive("SIGINT");
      clock.advance(100);
    }
    assert.deepEqual(counted, ["1 SIGINT", "2 SIGINT", "3 SIGINT"]);
  });

  it("are let go of by stop", () => {
    signalled.stop();
    arrive("SIGINT");
    assert.deepEqual(counted, []);
  });
});
