import assert from "node:assert/strict";
import { test } from "node:test";
import type { PreflightAnswer, RestoreMessage } from "../../../contract/index.ts";
import { ManualClock } from "../../testkit/index.ts";
import { PreflightAnswers } from "./preflight-answers.ts";

const from: RestoreMessage = { kind: "path", path: "file:///savepoint", allowNonRestoredState: false };
const other: RestoreMessage = { ...from, path: "file:///other" };
const compatible: PreflightAnswer = { kind: "compatible", from: "file:///savepoint" };

/** A store whose every reading ends when the test says so. */
function slowStore() {
  const readings: PromiseWithResolvers<PreflightAnswer>[] = [];
  const find = (): Promise<PreflightAnswer> => {
    const reading = Promise.withResolvers<PreflightAnswer>();
    readings.push(reading);
    return reading.promise;
  };
  return { readings, find };
}

test("PFA1 who asks again while the store is still read waits for the same reading", async () => {
  const answers = new PreflightAnswers(new ManualClock());
  const { readings, find } = slowStore();
  const [first, second] = [answers.ask(from, find), answers.ask(from, find)];
  assert.equal(readings.length, 1);
  readings[0]?.resolve(compatible);
  assert.deepEqual([await first, await second], [compatible, compatible]);
});

test("PFA2 an answer that came too late for who asked is given to who asks again, for a while; an error as well", async () => {
  const clock = new ManualClock();
  const answers = new PreflightAnswers(clock);
  const { readings, find } = slowStore();
  const late = answers.ask(from, find);
  clock.advance("3 s");
  readings[0]?.resolve(compatible);
  await late;
  clock.advance("5 s");
  assert.deepEqual(await answers.ask(from, find), compatible);
  assert.equal(readings.length, 1);

  clock.advance("1 min");
  const failing = answers.ask(from, find);
  clock.advance("3 s");
  readings[1]?.reject(new Error("the store does not answer"));
  await assert.rejects(failing, /does not answer/);
  await assert.rejects(answers.ask(from, find), /does not answer/);
  assert.equal(readings.length, 2);
});

test("PFA2 an answer that was heard is not kept, nor is one to another question given", async () => {
  const clock = new ManualClock();
  const answers = new PreflightAnswers(clock);
  const { readings, find } = slowStore();
  const heard = answers.ask(from, find);
  clock.advance("10 ms");
  readings[0]?.resolve({ kind: "incompatible", reasons: ["there is no savepoint"] });
  await heard;
  const again = answers.ask(from, find);
  readings[1]?.resolve(compatible);
  assert.deepEqual(await again, compatible);

  const late = answers.ask(from, find);
  const elsewhere = answers.ask(other, find);
  assert.equal(readings.length, 4);
  clock.advance("3 s");
  readings[2]?.resolve(compatible);
  readings[3]?.resolve({ kind: "incompatible", reasons: ["of the other"] });
  assert.deepEqual([await late, (await elsewhere).kind], [compatible, "incompatible"]);
});
