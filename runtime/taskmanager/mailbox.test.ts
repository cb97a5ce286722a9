import assert from "node:assert/strict";
import { test } from "node:test";
import { ManualClock } from "../testkit/index.ts";
import { Mailbox } from "./mailbox.ts";

test("mail runs in order, and a due timer after it, only while the task reads its input (MB2)", () => {
  const clock = new ManualClock();
  let rung = 0;
  const mailbox = new Mailbox(clock, () => {
    rung += 1;
  });
  const ran: string[] = [];
  mailbox.postAfter(10, () => ran.push("timer"));
  clock.advance(10);
  mailbox.post(() => ran.push("first"));
  mailbox.post(() => ran.push("second"));
  assert.equal(rung, 3);
  while (mailbox.hasMail(false)) mailbox.runOne(false);
  assert.deepEqual(ran, ["first", "second"]);
  assert.equal(mailbox.hasMail(true), true);
  mailbox.runOne(true);
  assert.deepEqual(ran, ["first", "second", "timer"]);
});

test("nothing runs after it was closed (MB3)", () => {
  const clock = new ManualClock();
  const mailbox = new Mailbox(clock, () => assert.fail("rung after the end"));
  mailbox.postAfter(10, () => assert.fail("a timer after the end"));
  mailbox.close();
  clock.advance(20);
  mailbox.post(() => assert.fail("mail after the end"));
  assert.equal(mailbox.hasMail(true), false);
});

test("what is posted for a time of the wall clock follows it when it is set, and is cancelled with the task", () => {
  const clock = new ManualClock(10 * 3_600_000);
  const mailbox = new Mailbox(clock, () => undefined);
  clock.setBack(3_600_000);
  mailbox.postAt(10 * 3_600_000 + 1000, () => undefined);
  clock.advance(2000);
  assert.equal(mailbox.hasMail(true), false);
  clock.setForward(3_600_000);
  clock.advance(60_000);
  assert.equal(mailbox.hasMail(true), true);
  const cancelled = mailbox.postAt(clock.nowMs() + 3_600_000, () => undefined);
  clock.advance(60_000);
  cancelled.cancel();
  mailbox.postAt(clock.nowMs() + 3_600_000, () => undefined);
  clock.advance(60_000);
  mailbox.close();
  assert.equal(clock.armed, 0);
});
