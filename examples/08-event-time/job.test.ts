import assert from "node:assert/strict";
import { test } from "node:test";
import { JobDriver, type JobSnapshot } from "streamjob/testkit";
import sensors, { type Reading } from "./job.ts";

type Window = { readonly sensor: string; readonly start: number; readonly readings: number };

const reading = (sensor: string, at: number): Reading => ({ sensor, at });

/** Both sites are given by the test. */
const start = (restore?: JobSnapshot, parallelism = 1) =>
  JobDriver.start(sensors, {
    sources: { north: [], south: [] },
    parallelism,
    ...(restore === undefined ? {} : { restore }),
  });

const told = (driver: JobDriver): string[] =>
  driver
    .output<Window>("files")
    .map(({ sensor, start: from, readings }) => `${sensor} ${from} ${readings}`)
    .toSorted();

/** Watermarks are made every 200 ms. */
const WATERMARK_MS = 200;

test("a window is told when both sites have come to its end", async () => {
  await using driver = await start();
  driver.push("north", reading("n", 3_000));
  driver.push("north", reading("n", 12_000));
  driver.push("south", reading("s", 4_000));
  await driver.run();
  await driver.advance(WATERMARK_MS);
  assert.deepEqual(told(driver), [], "the south is at 2 s of event time");
  driver.push("south", reading("s", 12_000));
  await driver.run();
  await driver.advance(WATERMARK_MS);
  assert.deepEqual(told(driver), ["n 0 1", "s 0 1"]);
});

test("a site that falls silent holds the other up for five seconds, and no longer", async () => {
  await using driver = await start();
  driver.push("south", reading("s", 1_000));
  driver.push("north", reading("n", 3_000));
  await driver.run();
  for (let at = 12_000; at < 18_000; at += 1_000) {
    driver.push("north", reading("n", at));
    await driver.run();
    await driver.advance(1_000);
  }
  assert.deepEqual(told(driver), ["n 0 1", "s 0 1"]);
});

test("late readings count while their window is open, also after a restore at another parallelism", async () => {
  const before = await start();
  for (const at of [1_000, 9_000, 2_000]) before.push("north", reading("n", at));
  await before.run();
  const snapshot = await before.snapshot();
  await before.close();
  await using after = await start(snapshot, 2);
  after.push("north", reading("n", 500));
  after.end();
  await after.run();
  assert.deepEqual(told(after), ["n 0 4"]);
});
