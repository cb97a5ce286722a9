import assert from "node:assert/strict";
import { test } from "node:test";
import type { TaskMetrics } from "../../rpc/index.ts";
import { TaskRates } from "./task-rates.ts";

const report = (recordsIn: number, attempt = 1): TaskMetrics => ({
  task: { vertex: 0, subtask: 0, attempt },
  recordsIn,
  recordsOut: 2 * recordsIn,
  bytesIn: 10 * recordsIn,
  bytesOut: 20 * recordsIn,
  busyRatio: 1,
  backPressuredRatio: 0,
  idleRatio: 0,
  watermark: null,
});

test("there is no rate before the second report; then it is that between the two", () => {
  const rates = new TaskRates();
  assert.equal(rates.rates(), null);
  rates.add(report(1000), 7000);
  assert.equal(rates.rates(), null);
  rates.add(report(1000), 7000);
  assert.equal(rates.rates(), null);
  rates.add(report(1050), 7500);
  assert.deepEqual(rates.rates(), { recordsIn: 100, recordsOut: 200, bytesIn: 1000, bytesOut: 2000 });
});

test("after a minute it is over the last minute, whatever was before (TRA1)", () => {
  const rates = new TaskRates();
  let total = 0;
  for (let atMs = 0; atMs <= 300_000; atMs += 500) {
    total += atMs <= 200_000 ? 500 : 5;
    rates.add(report(total), atMs);
    if (atMs === 200_000) assert.equal(rates.rates()?.recordsIn, 1000);
  }
  assert.equal(rates.rates()?.recordsIn, 10);
  rates.add(report(total), 360_000);
  assert.equal(rates.rates()?.recordsIn, 0);
});

test("another attempt begins anew: its counts start at 0", () => {
  const rates = new TaskRates();
  rates.add(report(5000), 0);
  rates.add(report(6000), 1000);
  rates.add(report(10, 2), 2000);
  assert.equal(rates.rates(), null);
  rates.add(report(20, 2), 3000);
  assert.equal(rates.rates()?.recordsIn, 10);
});

test("reports that come much too often make the window shorter, not the memory larger", () => {
  const rates = new TaskRates();
  for (let atMs = 0; atMs < 10_000; atMs++) rates.add(report(Math.max(0, atMs - 9744) * 10), atMs);
  assert.equal(rates.rates()?.recordsIn, 10_000);
});
