import assert from "node:assert/strict";
import { test } from "node:test";
import { AssertionFailure } from "../../../base/index.ts";
import { isTerminal, Lifecycle, type LiveStatus, mayFollow, wayTo } from "./lifecycle.ts";

const all: readonly LiveStatus[] = [
  "INITIALIZING",
  "CREATED",
  "RUNNING",
  "FAILING",
  "FAILED",
  "CANCELLING",
  "CANCELED",
  "FINISHED",
  "RESTARTING",
];

test("LIFE2 nothing follows a final status, and a final status can be reached from every other", () => {
  for (const status of all) {
    const next = all.filter((to) => mayFollow(status, to));
    assert.equal(next.length === 0, isTerminal(status), status);
    if (isTerminal(status)) continue;
    const reached = new Set<LiveStatus>([status]);
    for (const from of reached) for (const to of all) if (mayFollow(from, to)) reached.add(to);
    assert.ok([...reached].some(isTerminal), status);
  }
});

test("LIFE1 a status that may not follow is a mistake, and one that may is dated", () => {
  const lifecycle = new Lifecycle(5);
  assert.throws(() => lifecycle.enter("FINISHED", 6), AssertionFailure);
  lifecycle.enter("CREATED", 7);
  lifecycle.enter("RUNNING", 8);
  lifecycle.enter("RUNNING", 9);
  assert.deepEqual(lifecycle.times(), { INITIALIZING: 5, CREATED: 7, RUNNING: 8 });
});

test("LIFE1 the way to an end that an earlier process has brought the job to is a legal one", () => {
  for (const end of all.filter(isTerminal)) {
    const lifecycle = new Lifecycle(1);
    for (const status of [...wayTo(end), end]) lifecycle.enter(status, 2);
    assert.equal(lifecycle.status, end);
  }
});
