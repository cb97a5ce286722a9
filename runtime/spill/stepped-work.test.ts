/** Work in steps (SWK1, SWK2). */
import assert from "node:assert/strict";
import { test } from "node:test";
import type { EmissionDesk } from "../ports/index.ts";
import { SteppedWork } from "./stepped-work.ts";

test("after each step it is looked whether the turn is over; what begins next is done after that", () => {
  let resume = (): boolean => true;
  const desk: EmissionDesk = {
    isPaused: false,
    isFull: () => assert.fail("a step takes too long for this question"),
    isFullAfterStep: () => true,
    defer: (goOn) => {
      resume = goOn;
    },
  };
  const done: string[] = [];
  function* steps(name: string): Generator<void> {
    for (let step = 1; step <= 3; step++) {
      done.push(`${name}${step}`);
      yield;
    }
  }
  const work = new SteppedWork(desk);
  work.start(steps("a"));
  assert.deepEqual(done, ["a1"]);
  assert.equal(resume(), false);
  assert.deepEqual(done, ["a1", "a2"]);
  work.start(steps("b"));
  assert.deepEqual(done, ["a1", "a2", "a3", "b1"]);
  work.finish();
  assert.deepEqual(done.slice(4), ["b2", "b3"]);
});
