import assert from "node:assert/strict";
import { test } from "node:test";
import { countedBytes, heapAlarm } from "./heap-watch.ts";

test("HEW2 a heap that is nearly full is told once, and again after it had come down", () => {
  const isNews = heapAlarm();
  const looks = [10, 84, 85, 99, 84, 86, 69, 84, 90, 95].map((used) => isNews(used, 100));
  assert.deepEqual(looks, [false, false, true, false, false, false, false, false, true, false]);
});

test("HEW3 buffers count as if they were in the heap, above what a thread has for them anyway", () => {
  const mib = (bytes: number): number => bytes * 2 ** 20;
  assert.equal(countedBytes(mib(100), mib(32)), mib(100));
  assert.equal(countedBytes(mib(100), mib(1)), mib(100));
  assert.equal(countedBytes(mib(100), mib(82)), mib(150));
});
