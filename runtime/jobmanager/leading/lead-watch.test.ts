import assert from "node:assert/strict";
import { test } from "node:test";
import { nextTurn, silentLog, StreamError } from "../../../base/index.ts";
import { ManualClock } from "../../testkit/index.ts";
import { Turns } from "../turns.ts";
import { LeadWatch } from "./lead-watch.ts";

/** A store that is asked by hand: each call waits for its answer. */
function watching() {
  const clock = new ManualClock();
  const turns = new Turns(clock, () => undefined);
  const calls: PromiseWithResolvers<void>[] = [];
  const log = {
    fencedBy: null,
    confirmLead: () => {
      const call = Promise.withResolvers<void>();
      calls.push(call);
      return call.promise;
    },
  };
  const watch = new LeadWatch({ log, turns, clock, logger: silentLog, onFenced: () => assert.fail("nobody fences") });
  const ask = (times: number): void => {
    for (let time = 0; time < times; time++) turns.run(() => watch.ask());
  };
  return { clock, turns, calls, watch, ask };
}

async function settle(): Promise<void> {
  for (let turn = 0; turn < 10; turn++) await nextTurn();
}

test("LEW3 however often it is asked for while the store is away, one call is under way at a time", async () => {
  const { clock, turns, calls, watch, ask } = watching();
  ask(10);
  for (let round = 1; round <= 5; round++) {
    await settle();
    assert.deepEqual([calls.length, watch.isSure], [round, false]);
    calls.at(-1)?.reject(new StreamError("STORE_UNAVAILABLE", "it is away"));
    await settle();
    ask(10);
    clock.advance("5 s");
  }
  turns.close();
});

test("LEW1 LEW3 what is asked for during a call is answered by the next one, and not before it is sure", async () => {
  const { turns, calls, watch, ask } = watching();
  ask(1);
  await settle();
  ask(3);
  calls[0]?.resolve();
  await settle();
  assert.deepEqual([calls.length, watch.isSure], [2, false]);
  calls[1]?.resolve();
  await settle();
  assert.deepEqual([calls.length, watch.isSure], [2, true]);
  turns.close();
});
