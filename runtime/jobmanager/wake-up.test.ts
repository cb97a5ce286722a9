import assert from "node:assert/strict";
import { test } from "node:test";
import type { Timer } from "../../base/index.ts";
import { ManualClock } from "../testkit/index.ts";
import { Turns } from "./turns.ts";
import { WakeUp } from "./wake-up.ts";

class CountingClock extends ManualClock {
  everArmed = 0;

  override after(delayMs: number, callback: () => void): Timer {
    this.everArmed++;
    return super.after(delayMs, callback);
  }
}

test("WAK1 there is one time at most: another replaces it, null takes it back", () => {
  const clock = new CountingClock(1000);
  const turns: number[] = [];
  const wake = new WakeUp(new Turns(clock, () => turns.push(clock.monotonicMs())));
  wake.at(1100, 1000);
  wake.at(1100, 1000);
  assert.equal(clock.everArmed, 1, "the same time again changes nothing");
  wake.at(1050, 1000);
  assert.equal(clock.armed, 1);
  clock.advance(200);
  assert.deepEqual(turns, [1051]);
  wake.at(1100, 1200);
  clock.advance(10);
  assert.deepEqual(turns, [1051, 1201], "what is past is due at once");
  wake.at(1300, 1210);
  wake.at(null, 1210);
  clock.advance(1000);
  assert.equal(turns.length, 2);
});
