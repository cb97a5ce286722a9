import assert from "node:assert/strict";
import { test } from "node:test";
import { ManualClock } from "../testkit/index.ts";
import { SlotLoop } from "./slot-loop.ts";

test("room that a receiver makes while the thread falls asleep is found before it sleeps: no bell rings for it (SLL2)", () => {
  const turns: (() => void)[] = [];
  const sleeping = new Int32Array(new SharedArrayBuffer(4));
  // The receiver frees its segment after the turn's last look at the ring and before `sleeping` is 1, so it rings no bell.
  let hasRoom = false;
  let isFreed = false;
  let sent = 0;
  const loop = new SlotLoop({
    clock: new ManualClock(),
    onNextTurn: (callback) => void turns.push(callback),
    sleeping,
    slot: 0,
    pump: () => {
      if (isFreed) hasRoom = true;
    },
    bufferTimeoutMs: () => 100,
  });
  loop.add({
    get hasWork() {
      return hasRoom;
    },
    step: () => {
      if (!hasRoom) return false;
      hasRoom = false;
      isFreed = false;
      sent += 1;
      return true;
    },
    flush: () => {
      if (sent === 0) isFreed = true;
      return false;
    },
  });
  for (let turn = turns.shift(); turn !== undefined; turn = turns.shift()) turn();
  assert.equal(sent, 1);
  assert.equal(Atomics.load(sleeping, 0), 1);
});
