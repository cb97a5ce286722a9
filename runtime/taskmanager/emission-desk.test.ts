import assert from "node:assert/strict";
import { test } from "node:test";
import { systemClock } from "../../base/index.ts";
import { blame, culpritOf } from "./code-owner.ts";
import { TaskEmissions, TaskPause } from "./emission-desk.ts";

/** Each call takes one of the items; what was taken goes to `order`. */
function giving(order: string[], ...items: string[]): () => boolean {
  return () => {
    const item = items.shift();
    if (item !== undefined) order.push(item);
    return items.length === 0;
  };
}

test("EMD1 what an operator still has to emit goes before more of its input, and both go after what is deeper", () => {
  const pause = new TaskPause(systemClock);
  const emissions = new TaskEmissions(pause);
  const order: string[] = [];
  emissions.deferInput(1, giving(order, "input 1", "input 2"));
  emissions.defer(1, giving(order, "emission 1", "emission 2"));
  emissions.defer(2, giving(order, "deeper"));
  while (emissions.isPending) {
    pause.isSet = false;
    emissions.goOn();
  }
  assert.deepEqual(order, ["deeper", "emission 1", "emission 2", "input 1", "input 2"]);
});

test("EMD2 draining from an operator on leaves what those before it hold", () => {
  const emissions = new TaskEmissions(new TaskPause(systemClock));
  const order: string[] = [];
  emissions.defer(0, giving(order, "before"));
  emissions.deferInput(1, giving(order, "input"));
  emissions.defer(1, giving(order, "emission"));
  emissions.drain(1);
  assert.deepEqual(order, ["emission", "input"]);
  assert.ok(emissions.isPending);
  emissions.drain();
  assert.deepEqual(order, ["emission", "input", "before"]);
  assert.ok(!emissions.isPending);
});

test("between steps that take long the clock is looked at each time, and not once for many of them", () => {
  const pause = new TaskPause({ ...systemClock, monotonicMs: () => 10 });
  pause.deadlineMs = 10;
  const emissions = new TaskEmissions(pause);
  const desk = emissions.deskOf(0, { name: "sort", uid: "sort-1" });
  assert.equal(desk.isFull(), false, "values are many, and take no time");
  assert.equal(desk.isFullAfterStep?.(), true);
});

test("EMD4 an error of what was left for later is of the operator that left it, unless it is known to be of one behind it", () => {
  const emissions = new TaskEmissions(new TaskPause(systemClock));
  const sort = { name: "sort", uid: "sort-1" };
  const sink = { name: "sink", uid: "sink-1" };
  const [own, other] = [new Error("the disk is full"), new Error("no such row")];
  const failed = (error: Error): unknown => {
    emissions.deskOf(1, sort).defer(() => {
      throw error;
    });
    assert.throws(() => emissions.drain(), error);
    return culpritOf(error);
  };
  assert.equal(failed(own), sort);
  assert.equal(failed(blame(other, sink) as Error), sink);
});
